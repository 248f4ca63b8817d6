"""Settles what attested incidents make due: claims open by themselves and need nobody's permission.

The contract decides what is due; the job only asks it (`preview`) and sends what it answers. A
policy is asked once for each state of its account and incident, so a settled run costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.errors import ContractReverted

from ..domain.incidents import Masks, Run, runs_of
from ..domain.products import Peril, Product
from ..domain.units import ProductId
from ..http.context import Services
from ..incidents.service import Clock, masks_of, subjects
from ..ledger.tables import LedgerPolicy
from ..observability.logs import case_id
from ..transactions.service import queue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy that an incident may concern."""

    policy: int
    run_start: int
    ended: int


def run_settlement(at: Services) -> int:
    """One pass over all attested incidents; how many settlements were queued."""
    parameters = at.contracts.deployment.parameters
    now = at.market.head().timestamp
    clock = Clock(parameters.slot_length, parameters.max_report_delay, now)
    with at.database.read() as session:
        found = [c for subject in subjects(session) for c in _policies(session, at, subject, clock)]
    return sum(_settle_policy(at, candidate) for candidate in found)


def settleable_runs(masks: dict[int, Masks], product: Product, clock: Clock) -> Iterator[Run]:
    """Runs of a product whose first slot is closed and past the hold window."""
    only_attacked = product.peril is Peril.SERVICE_ATTACK
    for run in runs_of(masks, clock.slot_length, product.merge_gap, only_attacked):
        held = Clock(clock.slot_length, clock.report_delay + product.hold_window, clock.now)
        if held.is_closed(run.first):
            yield run


def _policies(session: Session, at: Services, subject: int, clock: Clock) -> Iterator[Candidate]:
    masks = masks_of(session, subject)
    query = select(LedgerPolicy).where(
        LedgerPolicy.risk == subject, LedgerPolicy.released.is_(False)
    )
    runs: dict[int, list[Run]] = {}
    for row in session.scalars(query):
        product = at.market.product(ProductId(row.product))
        if row.product not in runs:
            runs[row.product] = list(settleable_runs(masks, product, clock))
        for run in runs[row.product]:
            started = run.first * clock.slot_length
            if row.start + product.coverage_lag <= started < row.end:
                yield Candidate(row.policy, run.first, run.last)


def _settle_policy(at: Services, candidate: Candidate) -> bool:
    """Asks the contract and queues a settlement if something is due that was not queued before."""
    try:
        committed = at.contracts.view("ClaimsDesk", "committedOf", candidate.policy)
        at.contracts.view("ClaimsDesk", "preview", candidate.policy, candidate.run_start)
    except ContractReverted as refusal:
        log.debug("policy %d, run %d: %s", candidate.policy, candidate.run_start, refusal)
        return False
    at.faults.reached("settlement.previewed")
    key = f"settle:{candidate.policy}:{candidate.run_start}:{committed}"
    with at.database.write() as session:
        queue(
            session, at, at.keyring.operator.address, key, case_id.get(),
            "ClaimsDesk", "settle", candidate.policy, candidate.run_start,
        )  # fmt: skip
    at.faults.reached("settlement.planned")
    return True
