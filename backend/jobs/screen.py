"""Runs the fraud screen over runs that nothing was settled for yet, and asks for holds.

A run is looked at as soon as its first slot is marked, and again until the hold window is over,
because more may become known. What was asked for stays as it was asked for. Where the backend signs
for the account that may hold claims, the hold goes on chain with its reason's hash; it lasts one
review window beyond the hold window, and the contract bounds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..claims.screen import claim_id, facts_of, reason_hash
from ..claims.tables import HoldRequest
from ..domain.fraud import LIMITS, asks_for_hold, suspicions
from ..domain.incidents import attacked_slots, lost_slots
from ..domain.liability import Run, runs
from ..domain.products import Peril, Product
from ..domain.units import ProductId
from ..http.context import Services
from ..incidents.service import Clock, masks_of, subjects
from ..ledger.tables import LedgerPolicy
from .ask import ask_and_queue


def run_screen(at: Services) -> int:
    """One pass; how many holds were asked for."""
    parameters = at.contracts.deployment.parameters
    clock = Clock(parameters.slot_length, parameters.max_report_delay, at.market.head().timestamp)
    with at.database.read() as session:
        found = [
            (product, run, request)
            for row, product, run in _open_runs(session, at, clock)
            if (request := _request(session, row, product, run, clock)) is not None
        ]
    new = 0
    for product, run, request in found:
        with at.database.write() as session:
            if session.get(HoldRequest, request.claim) is None:
                session.add(request)
                new += 1
        if at.settings.hold_address is not None:
            _hold(at, request, _until(product, run, clock))
    return new


def _until(product: Product, run: Run, clock: Clock) -> int:
    """Chain second at which the hold ends, at most half a claim window after the hold window."""
    settleable = (run.first + 1) * clock.slot_length + clock.report_delay + product.hold_window
    return settleable + min(product.review_window, product.claim_window // 2)


def _hold(at: Services, request: HoldRequest, until: int) -> None:
    """Queues the hold once; the contract refuses what is held already or comes too late."""
    claim, reason = (bytes.fromhex(word[2:]) for word in (request.claim, request.reason_hash))
    who = at.settings.hold_address
    key = f"hold:{request.claim}"
    ask_and_queue(at, key, "ClaimsDesk", "hold", claim, reason, until, sender=who)


def _open_runs(
    session: Session, at: Services, clock: Clock
) -> Iterator[tuple[LedgerPolicy, Product, Run]]:
    """Covered runs whose hold window is not over."""
    for risk in subjects(session):
        masks = masks_of(session, risk)
        query = select(LedgerPolicy).where(
            LedgerPolicy.risk == risk, LedgerPolicy.released.is_(False)
        )
        for row in session.scalars(query):
            product = at.market.product(ProductId(row.product))
            marked = attacked_slots if product.peril is Peril.SERVICE_ATTACK else lost_slots
            held = Clock(clock.slot_length, clock.report_delay + product.hold_window, clock.now)
            for run in runs(marked(masks), clock.slot_length, product.merge_gap):
                began = run.first * clock.slot_length
                covered = row.start + product.coverage_lag <= began < row.end
                if covered and not held.is_closed(run.first):
                    yield row, product, run


def _request(
    session: Session, row: LedgerPolicy, product: Product, run: Run, clock: Clock
) -> HoldRequest | None:
    """The hold to ask for, as it was asked for before; None when there is no reason."""
    claim = claim_id(row.policy, run.first)
    known = session.get(HoldRequest, claim)
    if known is not None:
        session.expunge(known)
        return known
    found = suspicions(facts_of(session, row, product, run, clock.slot_length), LIMITS)
    if not asks_for_hold(found):
        return None
    return HoldRequest(
        claim=claim,
        policy=row.policy,
        run_start=run.first,
        reasons=[{"rule": s.rule, "points": s.points, "detail": s.detail} for s in found],
        reason_hash=reason_hash(claim, found),
        requested_at=clock.now,
    )
