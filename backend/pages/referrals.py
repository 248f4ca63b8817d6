"""Claims that wait for two assessors: the queue, and the form that takes a signed decision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from contracts.client.messages import AssessorDecision

from ..chain.tables import ChainTransaction
from ..claims import repository as claims
from ..claims import service
from ..claims.schemas import DecisionAccepted, NewDecision
from ..domain.units import ProductId
from ..http.context import INSURER, Caller, Services
from ..http.problems import Problem
from ..ledger.tables import LedgerClaim, LedgerPolicy
from ..reads import Reads
from ..transactions.schemas import TransactionOut
from . import finances
from .panels import Load, answer, draw_all
from .sessions import FromOwnForm, ServicesDep, SignedIn, Viewer
from .show import page
from .writes import writing

router = APIRouter()
Claim = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$")]
STATES = ("scheduled", "approved", "refused")


def _reviewer(request: Request, who: Viewer) -> Caller:
    """Who may read and hand in: the insurer, or the owner of an assessor's wallet.

    :raises Problem: forbidden
    """
    if who.kind == "insurer":
        return who.caller
    reads: Reads = request.app.state.reads
    if who.kind == "wallet" and reads.is_assessor(who.wallet):
        return Caller(who.wallet, None, frozenset({"read", INSURER}))
    raise Problem("forbidden", "referrals are for the insurer and for assessors' wallets")


@router.get("/referrals")
def list_referrals(request: Request, at: ServicesDep, who: SignedIn) -> Response:
    _reviewer(request, who)
    with at.database.read() as session:
        queues = {state: finances.referrals(session, state) for state in STATES}
        return page(request, who, "referrals.html", queues=queues)


def _parts(at: Services, claim: str) -> Mapping[str, Load]:
    def decisions() -> dict[str, Any]:
        query = select(ChainTransaction).where(ChainTransaction.key.startswith(f"decide:{claim}:"))
        with at.database.read() as session:
            row = session.get_one(LedgerClaim, claim)
            return {
                "claim": row,
                "decisions": finances.decisions_of(session, claim),
                "sent": list(session.scalars(query.order_by(ChainTransaction.seq))),
                "now": at.market.head().timestamp,
            }

    return {"decisions": decisions}


@router.get("/referrals/{claim}")
def get_referral(claim: Claim, request: Request, at: ServicesDep, who: SignedIn) -> Response:
    caller = _reviewer(request, who)
    with at.database.read() as session:
        row = claims.find_claim(session, caller, claim)
        cover = session.get_one(LedgerPolicy, row.policy)
        mine = who.wallet in {d.assessor for d in finances.decisions_of(session, claim)}
    domain = at.contracts.deployment.domain(AssessorDecision)
    now = at.market.head().timestamp
    return page(
        request, who, "referral.html", claim=row, cover=cover, mine=mine, now=now,
        product=at.market.product(ProductId(cover.product)),
        typed_data=json.dumps(service.typed_data(claim, domain), indent=1),
        live=draw_all(request, who, f"/referrals/{claim}", _parts(at, claim)),
    )  # fmt: skip


@router.get("/referrals/{claim}/parts/{name}")
def get_part(
    claim: Claim, name: str, request: Request, at: ServicesDep, who: SignedIn, seen: str = ""
) -> Response:
    _reviewer(request, who)
    return answer(request, who, f"/referrals/{claim}", _parts(at, claim), name, seen)


@router.post("/referrals/{claim}/decisions")
def create_decision(
    claim: Claim,
    request: Request,
    at: ServicesDep,
    who: FromOwnForm,
    word: Annotated[str, Form(pattern="^(approve|refuse)$")],
    reason: Annotated[str, Form(min_length=3, max_length=4_000)],
    deadline: Annotated[int, Form(ge=0, le=2**40 - 1)],
    signature: Annotated[str, Form(pattern="^0x([0-9a-f]{2}){65}$")],
) -> Response:
    """Hands a signed decision to the outbox; two assessors that agree decide."""
    caller = _reviewer(request, who)
    wish = NewDecision(
        approve=word == "approve", reason=reason, deadline=deadline, signature=signature
    )
    with writing(at, caller, "referrals.decide", wish.model_dump_json()) as write:
        row = claims.find_claim(write.session, caller, claim)
        assessor, queued = service.decide(write, row, wish)
        _check(request, who, row, assessor, finances.decisions_of(write.session, claim))
        entry = TransactionOut.of(queued)
        accepted = DecisionAccepted(claim=claim, assessor=assessor, transaction=entry)
        write.answer(202, accepted, claim)
    return RedirectResponse(f"{request.scope['root_path']}/referrals/{claim}", 303)


def _check(
    request: Request, who: Viewer, row: LedgerClaim, assessor: str, decisions: tuple[Any, ...]
) -> None:
    """Refuses what the contract would refuse, with a reason that people understand.

    :raises Problem: forbidden, conflict
    """
    reads: Reads = request.app.state.reads
    if who.kind == "wallet" and assessor != who.wallet:
        raise Problem("forbidden", f"signed by {assessor}, but you are {who.wallet}")
    if not reads.is_assessor(assessor):
        raise Problem("forbidden", f"{assessor} is no assessor")
    if assessor in {decision.assessor for decision in decisions}:
        raise Problem("conflict", f"{assessor} has decided already: another assessor must")
    if row.decide_from is not None and reads.now() < row.decide_from:
        raise Problem("conflict", "the challenge window is still open")
