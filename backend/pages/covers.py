"""What a policy's page shows, from the ledger: who may see it, its premium, score, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from ..chain.tables import LedgerEvent
from ..domain.premium_ledger import Change, Piece, pieces_of
from ..domain.products import Product
from ..domain.units import ChainTime, Rate
from ..http.problems import Problem
from ..incidents.service import Clock, incidents_of
from ..ledger.tables import (
    LedgerClaim,
    LedgerPayout,
    LedgerPolicy,
    LedgerRateReset,
    LedgerScore,
)
from ..policies.repository import Found, visible_policies
from ..policies.tables import Bind
from .sessions import Viewer


def visible(who: Viewer) -> Select[LedgerPolicy]:
    """Policies that a viewer may see: the insurer all, a platform its own, a wallet its own."""
    if who.kind == "wallet":
        own = or_(LedgerPolicy.holder == who.wallet, LedgerPolicy.applicant == who.wallet)
        return select(LedgerPolicy).where(own)
    return visible_policies(who.caller)


def find(session: Session, who: Viewer, number: int) -> LedgerPolicy:
    """
    :raises Problem: not-found
    """
    row = session.scalar(visible(who).where(LedgerPolicy.policy == number))
    if row is None:
        raise Problem("not-found", f"no policy {number}, or it belongs to somebody else")
    return row


def found(session: Session, row: LedgerPolicy) -> Found:
    return Found(session.get(Bind, row.quote_digest), row)


def changes(session: Session, row: LedgerPolicy) -> list[Change]:
    """The rates of a policy: that of its bind, then each reset since."""
    query = select(LedgerRateReset).where(
        LedgerRateReset.product == row.product,
        LedgerRateReset.risk == row.risk,
        LedgerRateReset.reset_at >= row.start,
    )
    order = (LedgerRateReset.block_number, LedgerRateReset.log_index)
    resets = list(session.scalars(query.order_by(*order)))
    first = row.rate if not resets else resets[0].rate_before + row.loading
    return [
        Change(ChainTime(row.start), Rate(first), row.transaction_hash),
        *(
            Change(ChainTime(r.reset_at), Rate(r.rate_after + row.loading), r.transaction_hash)
            for r in resets
        ),
    ]


def spans(session: Session, row: LedgerPolicy, now: int) -> list[tuple[ChainTime, ChainTime]]:
    """The seconds in which the policy was in force up to now: lapses cut them."""
    query = select(LedgerEvent).where(
        LedgerEvent.subject == f"policy:{row.policy}",
        LedgerEvent.name.in_(("PolicyLapsed", "PolicyToppedUp")),
    )
    order = (LedgerEvent.block_number, LedgerEvent.log_index)
    spans: list[tuple[ChainTime, ChainTime]] = []
    start: int | None = row.start
    for event in session.scalars(query.order_by(*order)):
        if event.name == "PolicyLapsed" and start is not None:
            spans.append((ChainTime(start), ChainTime(event.args["at"])))
            start = None
        elif event.name == "PolicyToppedUp" and event.args["newSegment"]:
            start = event.timestamp
    if start is not None and start < min(now, row.end):
        spans.append((ChainTime(start), ChainTime(min(now, row.end))))
    return spans


def pieces(session: Session, row: LedgerPolicy, now: int) -> list[Piece]:
    return pieces_of(changes(session, row), spans(session, row, now))


def scores(session: Session, risk: int, most: int = 500) -> list[LedgerScore]:
    """The newest reported scores of a risk, in order of time."""
    query = select(LedgerScore).where(LedgerScore.risk == risk)
    return list(session.scalars(query.order_by(LedgerScore.frame.desc()).limit(most)))[::-1]


@dataclass(frozen=True, slots=True)
class Episode:
    """An incident, the policy's claim on it (None while there is none) and its payments."""

    incident: Any
    claim: LedgerClaim | None
    payouts: tuple[LedgerPayout, ...]
    covered: bool
    settles_at: int
    pays_by: int | None

    @property
    def paid(self) -> int:
        return sum(payout.amount for payout in self.payouts)


def episodes(session: Session, row: LedgerPolicy, product: Product, clock: Clock) -> list[Episode]:
    """Incidents of the policy's risk since its start, newest first."""
    claims = {
        claim.run_start: claim
        for claim in session.scalars(select(LedgerClaim).where(LedgerClaim.policy == row.policy))
    }
    found = incidents_of(session, [row.risk], clock, product.merge_gap)
    return [
        _episode(session, row, product, clock, incident, claims.get(incident.run_start))
        for incident in found
        if incident.ended_at > row.start
    ]


def _episode(
    session: Session,
    row: LedgerPolicy,
    product: Product,
    clock: Clock,
    incident: Any,
    claim: LedgerClaim | None,
) -> Episode:
    settles_at = incident.ended_at + clock.report_delay + product.hold_window
    pays_by = None if claim is not None and claim.status != "scheduled" else settles_at
    if claim is not None and claim.status == "scheduled" and claim.decide_from is not None:
        pays_by = claim.decide_from + 2 * product.review_window
    payouts: tuple[LedgerPayout, ...] = ()
    if claim is not None:
        query = select(LedgerPayout).where(LedgerPayout.claim == claim.claim)
        payouts = tuple(session.scalars(query.order_by(LedgerPayout.paid_at)))
    starts = row.start + product.coverage_lag <= incident.started_at < row.end
    return Episode(incident, claim, payouts, starts, settles_at, pays_by)
