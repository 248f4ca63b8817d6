"""Premium, claims and exposure of the whole deployment, summed from the ledger's rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.errors import ContractReverted

from ..chain.tables import LedgerEvent
from ..ledger.tables import (
    LedgerBordereau,
    LedgerClaim,
    LedgerDecision,
    LedgerPolicy,
    LedgerProduct,
)
from ..reads import Line, Reads

MOST_LINES = 40
MOST_POLICIES = 200
"""Policies whose running premium is asked for; the ledger's sums have no such limit."""
COIN = 10**6


def exposure(session: Session, reads: Reads, cell: str) -> list[Line]:
    """What is booked on each cell, product, dependency and covered risk, against its cap."""
    products = session.scalars(select(LedgerProduct.product).order_by(LedgerProduct.product))
    dependencies = session.scalars(
        select(LedgerEvent.subject).where(LedgerEvent.name == "DependencyRegistered")
    )
    policies = select(LedgerPolicy.risk).where(LedgerPolicy.released.is_(False))
    batches = select(LedgerBordereau.risk).where(LedgerBordereau.expired.is_(False))
    risks = sorted({*session.scalars(policies), *session.scalars(batches)})
    lines = [reads.line("cell", int(cell, 16), cell)]
    lines += [reads.line("product", number, str(number)) for number in products]
    for subject in list(dependencies)[:MOST_LINES]:
        number = subject.partition(":")[2]
        lines.append(reads.line("dependency", int(number), number))
    booked = [reads.line("risk", risk, str(risk)) for risk in risks[:MOST_LINES]]
    return lines + sorted(booked, key=lambda line: -line.booked)


@dataclass(frozen=True, slots=True)
class Point:
    """A step of a running sum: chain time, token units, and the transaction that made it."""

    time: int
    total: int
    transaction: str

    @property
    def coins(self) -> float:
        """The sum in coins, for a chart."""
        return self.total / COIN


@dataclass(frozen=True, slots=True)
class Results:
    """Premium and claims, token units; `accruing` is streamed premium not collected yet."""

    collected: int
    accruing: int
    claims: int
    reserved: int
    premium: tuple[Point, ...]
    paid: tuple[Point, ...]

    @property
    def earned(self) -> int:
        return self.collected + self.accruing


def running(events: Sequence[LedgerEvent], begin: int) -> tuple[Point, ...]:
    """The running sum of the events' amounts, from zero at `begin`, one point a transaction."""
    points = [Point(begin, 0, "")] if events else []
    total = 0
    for event in events:
        total += event.args["amount"]
        if points and points[-1].transaction == event.transaction_hash:
            points.pop()
        points.append(Point(event.timestamp, total, event.transaction_hash))
    return tuple(points)


def results(session: Session, reads: Reads) -> Results:
    first = select(LedgerEvent.timestamp).order_by(LedgerEvent.block_number).limit(1)
    begin = session.scalar(first) or 0
    premium = running(_events(session, "Cell", "PremiumCollected"), begin)
    paid = running(_events(session, "Cell", "ClaimPaid", "ClaimsPaid"), begin)
    waiting = session.scalars(
        select(LedgerClaim.scheduled).where(LedgerClaim.status == "scheduled")
    )
    return Results(
        collected=premium[-1].total if premium else 0,
        accruing=accruing(session, reads),
        claims=paid[-1].total if paid else 0,
        reserved=sum(waiting),
        premium=premium,
        paid=paid,
    )


def _events(session: Session, contract: str, *names: str) -> list[LedgerEvent]:
    query = select(LedgerEvent).where(LedgerEvent.contract == contract, LedgerEvent.name.in_(names))
    return list(session.scalars(query.order_by(LedgerEvent.block_number, LedgerEvent.log_index)))


def accruing(session: Session, reads: Reads) -> int:
    """Premium that policies in force have consumed since they were last touched, token units."""
    query = select(LedgerPolicy).where(LedgerPolicy.released.is_(False)).limit(MOST_POLICIES)
    return sum(earned(reads, row) - row.premium_earned for row in session.scalars(query))


def earned(reads: Reads, policy: LedgerPolicy) -> int:
    """Premium that a policy has consumed up to the latest block, token units; of one that is
    released or that the contract does not know, what was booked."""
    if policy.released:
        return policy.premium_earned
    try:
        now, _ = reads.view("PolicyBook", "premiumAt", policy.policy, reads.now())
    except ContractReverted:
        return policy.premium_earned
    return max(policy.premium_earned, int(now))


@dataclass(frozen=True, slots=True)
class Referral:
    """A claim that waits for two assessors, and what was decided so far."""

    claim: LedgerClaim
    decisions: tuple[LedgerDecision, ...]


def referrals(session: Session, status: str = "scheduled") -> list[Referral]:
    query = select(LedgerClaim).where(LedgerClaim.status == status)
    rows = session.scalars(query.order_by(LedgerClaim.decide_until))
    return [Referral(row, decisions_of(session, row.claim)) for row in rows]


def decisions_of(session: Session, claim: str) -> tuple[LedgerDecision, ...]:
    query = select(LedgerDecision).where(LedgerDecision.claim == claim)
    return tuple(session.scalars(query.order_by(LedgerDecision.decided_at)))


def last_audit(path: Path | None) -> dict[str, Any] | None:
    """The report that `flowcover audit` wrote last, None when there is none."""
    if path is None or not path.is_file():
        return None
    report: dict[str, Any] = json.loads(path.read_text())
    return report
