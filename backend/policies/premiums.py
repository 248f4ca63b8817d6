"""The premium ledger of a policy: every token unit that came, was earned, or went back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from . import repository
from .repository import Found
from .schemas import PremiumEntry, PremiumLedger

MOVES: dict[str, tuple[str, Callable[[dict[str, Any]], int]]] = {
    "PolicyBound": ("prepaid", lambda v: int(v["premium"])),
    "PolicyToppedUp": ("prepaid", lambda v: int(v["amount"])),
    "PremiumEarned": ("earned", lambda v: -int(v["amount"])),
    "PolicyCancelled": ("refunded", lambda v: -int(v["refund"])),
    "PolicyFinished": ("refunded", lambda v: -int(v["refund"])),
}
"""Event → kind of entry, and what it adds to the balance, token units."""


def ledger_of(session: Session, found: Found) -> PremiumLedger:
    """All entries in the order of the chain, with the balance after each.

    Premium that was consumed since the last entry is not in it: the policy book books it when
    something touches the policy. `GET /policies/{policy}/premium` has it to the latest block.
    """
    entries: list[PremiumEntry] = []
    balance = 0
    events = []
    if found.row is not None:
        events = repository.events_of(session, [f"policy:{found.row.policy}"])
    for event in events:
        if event.name not in MOVES:
            continue
        kind, change_of = MOVES[event.name]
        change = change_of(event.args)
        if change == 0:
            continue
        balance += change
        entries.append(
            PremiumEntry(
                kind=kind,  # type: ignore[arg-type]
                event=event.name,
                amount=abs(change),
                balance=balance,
                time=event.timestamp,
                block_number=event.block_number,
                transaction_hash=event.transaction_hash,
            )
        )
    return PremiumLedger(id=found.id, balance=balance, entries=entries)
