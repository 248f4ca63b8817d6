"""What members said about slots, one by one, from the events that tell them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..chain.tables import LedgerEvent

OBSERVATIONS = "ObservationsRecorded"
"""The event's name."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One member's observation of an epoch of a subject, and where it stands on the ledger.

    :param lost_mask: bit i is the epoch's slot i, as is that of `attack_mask`
    :param evidence_hash: 0x and 64 hex digits
    :param timestamp: chain seconds
    """

    subject: int
    epoch: int
    member: str
    lost_mask: int
    attack_mask: int
    evidence_hash: str
    timestamp: int
    transaction_hash: str


def recorded(events: Iterable[LedgerEvent]) -> Iterator[Recorded]:
    """The observations of `ObservationsRecorded` events, in the events' order."""
    for event in events:
        for record in event.args["records"]:
            yield Recorded(
                event.args["subject"],
                event.args["epoch"],
                record["member"],
                record["lostMask"],
                record["attackMask"],
                record["evidenceHash"],
                event.timestamp,
                event.transaction_hash,
            )
