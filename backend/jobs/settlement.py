"""Settles what attested incidents make due: claims open by themselves and need nobody's permission.

The contract decides what is due; the job only asks it and sends what it would pay. Each settlement
is queued under a key that says what had been granted before, so nothing is settled twice, and what
becomes due later is settled again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.certificates import Proof

from ..certificates.posting import on_ledger
from ..certificates.repository import of_bordereau
from ..domain.incidents import Masks, attacked_slots, lost_slots
from ..domain.liability import Run, runs
from ..domain.products import Peril, Product
from ..domain.units import ProductId
from ..facility.service import HOLDER_PUSHED
from ..http.context import Services
from ..incidents.service import Clock, masks_of, subjects
from ..ledger.tables import (
    LedgerBordereau,
    LedgerClaim,
    LedgerClaimedCertificate,
    LedgerPolicy,
    LedgerSeries,
)
from .ask import ask_and_queue
from .chunks import chunks

CERTIFICATES = 200
"""Most certificates in one settlement."""
PUSHED = 50
"""Most in one that pays each holder, which costs far more a certificate: a node's
estimate of a larger one outlasts a request."""
NO_OPENINGS = b""
"""Records that name holders need no opening."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contract call that may pay, and the key under which it would be queued."""

    key: str
    function: str
    arguments: tuple[object, ...]
    contract: str = "ClaimsDesk"


def run_settlement(at: Services) -> int:
    """One pass over all attested incidents; how many settlements were queued."""
    parameters = at.contracts.deployment.parameters
    now = at.market.head().timestamp
    clock = Clock(parameters.slot_length, parameters.max_report_delay, now)
    with at.database.read() as session:
        known = subjects(session)
        pending = list(_pending(session, now))
    queued = sum(ask_and_queue(at, p.key, p.contract, p.function, *p.arguments) for p in pending)
    for subject in known:
        with at.database.read() as session:
            masks = masks_of(session, subject)
            found = [
                *_policies(session, at, subject, masks, clock),
                *_certificates(session, at, subject, masks, clock),
            ]
        queued += sum(ask_and_queue(at, c.key, c.contract, c.function, *c.arguments) for c in found)
    return queued


def settleable_runs(masks: dict[int, Masks], product: Product, clock: Clock) -> Iterator[Run]:
    """Runs of a product whose first slot is closed and past the hold window."""
    marked = attacked_slots if product.peril is Peril.SERVICE_ATTACK else lost_slots
    held = Clock(clock.slot_length, clock.report_delay + product.hold_window, clock.now)
    for run in runs(marked(masks), clock.slot_length, product.merge_gap):
        if held.is_closed(run.first):
            yield run


def _policies(
    session: Session, at: Services, risk: int, masks: dict[int, Masks], clock: Clock
) -> Iterator[Candidate]:
    query = select(LedgerPolicy).where(LedgerPolicy.risk == risk, LedgerPolicy.released.is_(False))
    for row in session.scalars(query):
        product = at.market.product(ProductId(row.product))
        for run in settleable_runs(masks, product, clock):
            started = run.first * clock.slot_length
            if row.start + product.coverage_lag <= started < row.end:
                key = f"settle:{row.policy}:{run.first}:{_granted(session, row.policy)}"
                yield Candidate(key, "settle", (row.policy, run.first))


def _granted(session: Session, policy: int) -> int:
    """What a policy's claims were granted so far, token units: it only grows."""
    claims = session.scalars(select(LedgerClaim).where(LedgerClaim.policy == policy))
    return sum(claim.instant + claim.waiting + claim.scheduled for claim in claims)


def _pending(session: Session, now: int) -> Iterator[Candidate]:
    """What needs nobody's word any more: paying what waited, and reviews that nobody decided."""
    for row in session.scalars(select(LedgerClaim).where(LedgerClaim.waiting != 0)):
        claim = bytes.fromhex(row.claim[2:])
        yield Candidate(f"pay-waiting:{row.claim}:{row.instant}", "payWaiting", (claim,))
    late = LedgerClaim.decide_until < now
    for row in session.scalars(select(LedgerClaim).where(late, LedgerClaim.status == "scheduled")):
        claim = bytes.fromhex(row.claim[2:])
        yield Candidate(f"close-review:{row.claim}:{row.decide_from}", "closeReview", (claim,))
    for row in session.scalars(select(LedgerClaim).where(LedgerClaim.status == "challenged")):
        claim = bytes.fromhex(row.claim[2:])
        yield Candidate(f"lapse:{row.claim}", "lapse", (claim,), "AppealBoard")


def _certificates(
    session: Session, at: Services, risk: int, masks: dict[int, Masks], clock: Clock
) -> Iterator[Candidate]:
    """Certificates of bordereaux whose start lets them be paid by a run that lasted."""
    query = select(LedgerBordereau).where(
        LedgerBordereau.risk == risk, LedgerBordereau.expired.is_(False)
    )
    for batch in session.scalars(query):
        product = at.market.product(ProductId(batch.product))
        for run in settleable_runs(masks, product, clock):
            started = run.first * clock.slot_length
            lasted = (run.last + 1) * clock.slot_length - started
            if batch.posted_at <= started and lasted > product.waiting_period:
                yield from _of_batch(session, at, batch, product, run, started)


def _of_batch(
    session: Session,
    at: Services,
    batch: LedgerBordereau,
    product: Product,
    run: Run,
    started: int,
) -> Iterator[Candidate]:
    rows = of_bordereau(session, batch)
    covered = [
        index
        for index, row in enumerate(rows)
        if row.start + product.coverage_lag <= started < row.start + product.term
    ]
    claimed = set(
        session.scalars(
            select(LedgerClaimedCertificate.index).where(
                LedgerClaimedCertificate.batch == batch.batch
            )
        )
    )
    if claimed.issuperset(covered):
        return
    delay = at.contracts.deployment.parameters.max_report_delay
    ledger = on_ledger(session, batch, product, delay)
    pushed = session.get_one(LedgerSeries, batch.series).leaf_kind == HOLDER_PUSHED
    for chunk in chunks(covered, PUSHED if pushed else CERTIFICATES):
        left = [index for index in chunk if index not in claimed]
        if left:
            key = f"settle-certificates:{batch.batch}:{run.first}:{chunk[0]}"
            arguments = certificate_arguments(batch.batch, run.first, ledger.prove(left))
            if pushed:
                yield Candidate(key, "settleCertificatesPushed", (*arguments, NO_OPENINGS))
            else:
                yield Candidate(key, "settleCertificates", arguments)


def certificate_arguments(batch: int, run_start: int, proof: Proof) -> tuple[object, ...]:
    """Arguments of `ClaimsDesk.settleCertificates`."""
    return batch, run_start, *proof.arguments
