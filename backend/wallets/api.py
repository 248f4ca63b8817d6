"""Endpoints of wallets: sign-in, and what is the holder's own."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import select

from ..claims import service as claims
from ..claims.schemas import ClaimOut, PayoutOut
from ..http.context import WALLET, Caller, ServicesDep, Stranger, WalletCaller, wallet_tenant
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write, responses_of
from ..http.schemas import AddressText, Page
from ..http.writes import Intake, Write, writing
from ..ledger.tables import LedgerClaim, LedgerPayout, LedgerPolicy
from ..observability.logs import case_id
from ..policies import service as policies
from ..policies.repository import Found
from ..policies.schemas import PolicyOut
from . import service
from .schemas import MessageOut, NewSession, SessionCreated, SessionOut
from .tables import WalletSession

router = APIRouter(tags=["wallets"])
ANONYMOUS = ("invalid-request", "rate-limited")


def _out(row: WalletSession) -> SessionOut:
    return SessionOut(
        id=row.id, wallet=row.wallet, created_at=row.created_at, expires_at=row.expires_at
    )


@router.get("/wallet-sessions/message", responses=responses_of(*ANONYMOUS))
def get_sign_in_message(
    wallet: Annotated[AddressText, Query()], at: ServicesDep, _: Stranger
) -> MessageOut:
    """The EIP-4361 text that a wallet signs to sign in; needs no key."""
    return service.message(at, wallet)


@router.post(
    "/wallet-sessions",
    status_code=201,
    response_model=SessionCreated,
    responses=responses_of(
        *ANONYMOUS, "sign-in-refused", "signature-invalid", "conflict", "node-unavailable"
    ),
)
def create_wallet_session(body: NewSession, at: ServicesDep, _: Stranger) -> Response:
    """Opens a session for whoever signed the message; the nonce in it stands for a key, once."""
    wallet, nonce = service.accepted(at, body.message, bytes.fromhex(body.signature[2:]))
    asked = "0x" + hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    who = Caller(wallet, wallet_tenant(wallet), frozenset())
    with at.database.open_write() as session:
        row, token = service.open_session(session, at, wallet, nonce)
        action, now = "wallet_sessions.create", int(at.clock())
        write = Write(session, at, Intake(who, action, case_id.get(), now, nonce, asked))
        shown = SessionCreated(token=token, **_out(row).model_dump())
        kept = shown.model_copy(update={"token": "shown once"})
        return write.answer(201, shown, row.id, kept=kept)


@router.get("/wallet", responses=declared())
def get_wallet_session(at: ServicesDep, who: WalletCaller) -> SessionOut:
    """The session of the token."""
    with at.database.read() as session:
        return _out(session.get_one(WalletSession, who.actor))


@router.post("/wallet:signOut", response_model=SessionOut, responses=declared_write())
def delete_wallet_session(
    write: Annotated[Write, Depends(writing(WALLET, "wallet_sessions.revoke"))],
) -> Response:
    """Ends the session; its token stops working within two seconds in every process."""
    row = write.session.get_one(WalletSession, write.caller.actor)
    row.revoked_at = write.now
    write.at.key_cache.clear()
    return write.answer(200, _out(row), row.id)


@router.get("/wallet/policies", responses=declared("invalid-cursor"))
def list_wallet_policies(
    at: ServicesDep, who: WalletCaller, limit: Limit = 50, cursor: Cursor = None
) -> Page[PolicyOut]:
    """Policies on the ledger whose holder is the wallet."""
    query = select(LedgerPolicy).where(LedgerPolicy.holder == who.wallet)
    with at.database.read() as session:
        rows, following = page(session, query, [LedgerPolicy.policy], cursor, limit)
        items = [policies.policy_out(session, Found(None, row)) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/wallet/claims", responses=declared("invalid-cursor"))
def list_wallet_claims(
    at: ServicesDep, who: WalletCaller, limit: Limit = 50, cursor: Cursor = None
) -> Page[ClaimOut]:
    """Claims of the wallet's policies."""
    own = select(LedgerPolicy.policy).where(LedgerPolicy.holder == who.wallet)
    query = select(LedgerClaim).where(LedgerClaim.policy.in_(own))
    with at.database.read() as session:
        rows, following = page(session, query, [LedgerClaim.claim], cursor, limit)
        items = [claims.claim_out(session, at, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/wallet/payouts", responses=declared("invalid-cursor"))
def list_wallet_payouts(
    at: ServicesDep, who: WalletCaller, limit: Limit = 50, cursor: Cursor = None
) -> Page[PayoutOut]:
    """Payments to the wallet, oldest first."""
    order = [LedgerPayout.block_number, LedgerPayout.log_index]
    query = select(LedgerPayout).where(LedgerPayout.payee == who.wallet)
    with at.database.read() as session:
        rows, following = page(session, query, order, cursor, limit)
    items = [
        PayoutOut(**{name: getattr(row, name) for name in PayoutOut.model_fields}) for row in rows
    ]
    return Page(items=items, next_cursor=following)
