"""Compares the database with views of the contracts at the block that was indexed last.

It changes nothing: what differs is reported, and an operator has to explain it. The money of claims
is recomputed by `flowcover audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .chain.contracts import Contracts
from .chain.indexer import indexed_head
from .http.context import Services
from .ledger.tables import (
    LedgerBond,
    LedgerClaim,
    LedgerFloat,
    LedgerPolicy,
    LedgerRate,
)

MOST = 500
"""Rows of one kind that one pass compares: the newest."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value on which database and chain disagree."""

    thing: str
    field: str
    database: str
    chain: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The block at which values were compared, how many, and what differed."""

    block: int
    compared: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One value of the database, and the view that has to say the same."""

    thing: str
    field: str
    stored: Any
    contract: str
    function: str
    arguments: tuple[Any, ...]
    part: str | int | None = None


def reconcile(at: Services) -> Reconciled:
    """One comparison.

    :raises ChainError: the node does not answer, or does not know the block's state any more
    """
    with at.database.read() as session:
        head = indexed_head(session)
        if head is None:
            return Reconciled(0, 0, ())
        pairs = list(_pairs(session))
    found = [d for pair in pairs if (d := _compare(at.contracts, pair, head[0])) is not None]
    return Reconciled(head[0], len(pairs), tuple(found))


def _compare(contracts: Contracts, pair: Pair, block: int) -> Difference | None:
    said = contracts.view(pair.contract, pair.function, *pair.arguments, block=block)
    value = said if pair.part is None else said[pair.part]
    if value == pair.stored:
        return None
    return Difference(pair.thing, pair.field, str(pair.stored), str(value))


def _pairs(session: Session) -> Iterator[Pair]:
    for line in session.scalars(select(LedgerFloat).limit(MOST)):
        thing = f"float {line.platform}"
        yield Pair(thing, "balance", line.balance, "Facility", "floatOf", (line.platform,), 0)
    for bond in session.scalars(select(LedgerBond)):
        thing = f"bond {bond.underwriter}"
        yield Pair(thing, "bond", bond.bond, "Facility", "bondOf", (bond.underwriter,), 0)
    for rate in session.scalars(select(LedgerRate).where(LedgerRate.running).limit(MOST)):
        thing, key2 = f"rate {rate.product}.{rate.risk}", (rate.product, rate.risk)
        yield Pair(thing, "rate", rate.rate, "RateIndex", "rateOf", key2)
    newest = select(LedgerPolicy).order_by(LedgerPolicy.start.desc()).limit(MOST)
    for policy in session.scalars(newest):
        thing, released = f"policy {policy.policy}", policy.released
        yield Pair(thing, "released", released, "PolicyBook", "released", (policy.policy,))
    claims = select(LedgerClaim).order_by(LedgerClaim.opened_at.desc()).limit(MOST)
    for claim in session.scalars(claims):
        thing, name = f"claim {claim.claim}", (bytes.fromhex(claim.claim[2:]),)
        yield Pair(thing, "policy", claim.policy, "ClaimsDesk", "claimOf", name, "policy")
