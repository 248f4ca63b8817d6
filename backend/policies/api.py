"""Endpoints of policies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from ..http.context import Caller, Reader, ServicesDep, allowed
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import Page
from ..http.writes import Write, writing
from ..ledger.tables import LedgerPolicy
from ..transactions.schemas import Accepted, TransactionOut
from . import endorsements, service
from .evidence import coverage_of
from .lifecycle import lifecycle_of
from .premiums import ledger_of
from .repository import Found, find_policy, visible_policies
from .schemas import (
    CancellationPreview,
    EndorsementPreview,
    EvidenceOut,
    LifecycleOut,
    NewEndorsement,
    NewPolicy,
    NewReduction,
    NewTopUp,
    PolicyAccepted,
    PolicyOut,
    PremiumLedger,
    PremiumOut,
    WishedEndorsement,
)

router = APIRouter(prefix="/policies", tags=["policies"])
Key = Annotated[
    str, Path(pattern="^(0x[0-9a-f]{64}|[0-9]{1,18})$", description="Quote digest or number")
]


@router.post(
    "",
    status_code=202,
    response_model=PolicyAccepted,
    responses=declared_write(
        "not-found",
        "not-offered",
        "quote-expired",
        "signature-invalid",
        "wallet-not-custodied",
        "node-unavailable",
    ),
)
def create_policy(
    body: NewPolicy, write: Annotated[Write, Depends(writing("bind", "policies.bind"))]
) -> Response:
    """Binds a quote from the platform's wallet, or prepares the transactions for the holder's."""
    accepted = service.bind(write, body)
    return write.answer(202, accepted, accepted.id)


@router.get("", responses=declared("invalid-cursor"))
def list_policies(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[PolicyOut]:
    """The caller's policies on the ledger; the insurer sees all."""
    with at.database.read() as session:
        rows, following = page(session, visible_policies(who), [LedgerPolicy.policy], cursor, limit)
        items = [service.policy_out(session, Found(None, row)) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/{policy}", responses=declared("not-found"))
def get_policy(policy: Key, at: ServicesDep, who: Reader) -> PolicyOut:
    """One policy."""
    with at.database.read() as session:
        return service.policy_out(session, find_policy(session, who, policy))


@router.get(
    "/{policy}/premium",
    responses=declared("not-found", "conflict", "contract-refused", "node-unavailable"),
)
def get_premium(policy: Key, at: ServicesDep, who: Reader) -> PremiumOut:
    """Premium consumed and left at the latest block."""
    with at.database.read() as session:
        found = find_policy(session, who, policy)
    return service.premium_out(at, found)


@router.get("/{policy}/premium-ledger", responses=declared("not-found"))
def get_premium_ledger(policy: Key, at: ServicesDep, who: Reader) -> PremiumLedger:
    """Every premium that was prepaid, earned or refunded, with its transaction."""
    with at.database.read() as session:
        return ledger_of(session, find_policy(session, who, policy))


@router.get("/{policy}/evidence", responses=declared("not-found", "conflict"))
def get_evidence(policy: Key, at: ServicesDep, who: Reader) -> EvidenceOut:
    """How much of the policy's time so far rests on evidence that can be replayed."""
    slot_length = at.contracts.deployment.parameters.slot_length
    with at.database.read() as session:
        found = find_policy(session, who, policy)
        row = service.require_on_ledger(found)
        counted = coverage_of(session, row, at.evidence, slot_length)
    return EvidenceOut(
        id=found.id,
        reports=counted.reports,
        scored=counted.scored,
        scores_bps=counted.scores_bps,
        observations=counted.observations,
        held=counted.held,
        observations_bps=counted.observations_bps,
        coverage_bps=counted.coverage_bps,
    )


@router.get("/{policy}/lifecycle", responses=declared("not-found"))
def get_lifecycle(policy: Key, at: ServicesDep, who: Reader) -> LifecycleOut:
    """Each step of the insured's life with its time and transaction."""
    with at.database.read() as session:
        return lifecycle_of(session, find_policy(session, who, policy))


@router.post(
    "/{policy}/top-ups",
    status_code=202,
    response_model=Accepted,
    responses=declared_write("not-found", "wallet-not-custodied"),
)
def create_top_up(
    policy: Key,
    body: NewTopUp,
    write: Annotated[Write, Depends(writing("bind", "policies.top_up"))],
) -> Response:
    """Prepays more premium from the platform's custodied wallet."""
    found = find_policy(write.session, write.caller, policy)
    queued = service.top_up(write, found, int(body.amount))
    return write.answer(202, Accepted(transaction=TransactionOut.of(queued)), found.id)


@router.get(
    "/{policy}/cancellation-preview",
    responses=declared("not-found", "conflict", "contract-refused", "node-unavailable"),
)
def get_cancellation_preview(policy: Key, at: ServicesDep, who: Reader) -> CancellationPreview:
    """The refund if the policy were cancelled in the latest block."""
    with at.database.read() as session:
        found = find_policy(session, who, policy)
    return service.preview_cancellation(at, found)


@router.post(
    "/{policy}/cancellation",
    status_code=202,
    response_model=PolicyAccepted,
    responses=declared_write("not-found"),
)
def create_cancellation(
    policy: Key, write: Annotated[Write, Depends(writing("bind", "policies.cancel"))]
) -> Response:
    """Cancels from the holder's wallet if it is custodied, otherwise prepares the transaction."""
    found = find_policy(write.session, write.caller, policy)
    return write.answer(202, service.cancel(write, found), found.id)


@router.post(
    "/{policy}/endorsement-preview",
    responses=declared(
        "not-found", "conflict", "not-offered", "onboarding-refused", "score-unavailable",
        "contract-refused", "node-unavailable",
    ),
)  # fmt: skip
def preview_endorsement(
    policy: Key,
    body: WishedEndorsement,
    at: ServicesDep,
    who: Annotated[Caller, Depends(allowed("quote"))],
) -> EndorsementPreview:
    """Prices other cover for the rest of the term; like a quote it is signed and not stored."""
    with at.database.read() as session:
        found = find_policy(session, who, policy)
    return endorsements.preview(at, who, found, body)


@router.post(
    "/{policy}/endorsements",
    status_code=202,
    response_model=PolicyAccepted,
    responses=declared_write("not-found", "quote-expired", "signature-invalid", "node-unavailable"),
)
def create_endorsement(
    policy: Key,
    body: NewEndorsement,
    write: Annotated[Write, Depends(writing("bind", "policies.endorse"))],
) -> Response:
    """Takes a previewed quote up from the holder's wallet if custodied, otherwise prepares it."""
    found = find_policy(write.session, write.caller, policy)
    return write.answer(202, endorsements.endorse(write, found, body), found.id)


@router.post(
    "/{policy}/reductions",
    status_code=202,
    response_model=PolicyAccepted,
    responses=declared_write("not-found"),
)
def create_reduction(
    policy: Key,
    body: NewReduction,
    write: Annotated[Write, Depends(writing("bind", "policies.reduce"))],
) -> Response:
    """Lowers cover at once from the holder's wallet if custodied, otherwise prepares it."""
    found = find_policy(write.session, write.caller, policy)
    return write.answer(202, endorsements.reduce(write, found, body), found.id)
