"""The platform's page: covers sold, bordereaux, webhook attempts, keys; and the insurer's list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from ..applicants.tables import Asset
from ..certificates.tables import SoldCertificate
from ..http.context import SCOPES, Services
from ..http.problems import Problem
from ..http.tables import ApiKey
from ..ledger.tables import (
    LedgerBordereau,
    LedgerClaimedCertificate,
    LedgerFloat,
    LedgerPayout,
    LedgerPolicy,
    LedgerRisk,
    LedgerSeries,
)
from ..platforms.service import find_platform
from ..platforms.tables import Platform
from ..policies.tables import Bind
from ..webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from .panels import Load, answer, draw_all
from .sessions import Insurer, ServicesDep, SignedIn, Viewer
from .show import page

router = APIRouter()
Identity = Annotated[str, Path(pattern="^plt_[0-9a-f]{20}$")]
MOST_ROWS = 50


@router.get("/platform")
def get_own(request: Request, who: SignedIn) -> Response:
    root = request.scope["root_path"]
    if who.kind == "insurer":
        return RedirectResponse(f"{root}/platforms", 303)
    if who.platform_id is None:
        raise Problem("forbidden", "this page is for platforms: sign in with an API key")
    return RedirectResponse(f"{root}/platforms/{who.platform_id}", 303)


@router.get("/platforms")
def list_platforms(request: Request, at: ServicesDep, who: Insurer) -> Response:
    with at.database.read() as session:
        rows = list(session.scalars(select(Platform).order_by(Platform.name)))
        figures = [(row, sold(session, row)) for row in rows]
    return page(request, who, "platforms.html", platforms=figures)


def require(session: Session, who: Viewer, platform_id: str) -> Platform:
    """
    :raises Problem: not-found, also when it is somebody else's
    """
    if who.kind != "insurer" and who.platform_id != platform_id:
        raise Problem("not-found", f"no platform {platform_id}")
    return find_platform(session, platform_id)


def may_make_keys(at: Services, who: Viewer) -> bool:
    """The insurer makes keys; where there is no real money, a platform makes its own."""
    return who.kind == "insurer" or at.settings.mode == "test"


def _risks(session: Session, platform_id: str) -> list[tuple[int, str]]:
    """Registered risks of a platform's applicants, with their names."""
    query = (
        select(LedgerRisk.risk, Asset.name)
        .join(Asset, Asset.asset_hash == LedgerRisk.asset_hash)
        .where(Asset.platform_id == platform_id)
    )
    return [(risk, name) for risk, name in session.execute(query.order_by(LedgerRisk.risk))]


def sold(session: Session, row: Platform) -> dict[str, Any]:
    """A platform's totals: covers, sums insured, premium, payments. Token units."""
    policies = list(
        session.scalars(
            select(LedgerPolicy)
            .join(Bind, Bind.quote_digest == LedgerPolicy.quote_digest)
            .where(Bind.platform_id == row.id)
        )
    )
    batches = list(
        session.scalars(select(LedgerBordereau).where(LedgerBordereau.platform == row.wallet))
    )
    signed = session.scalar(
        select(func.count())
        .select_from(SoldCertificate)
        .where(SoldCertificate.platform_id == row.id)
    )
    numbers = {batch.batch for batch in batches}
    payouts = session.scalars(select(LedgerPayout).where(LedgerPayout.cover == "certificates"))
    paid = [payout for payout in payouts if payout.number in numbers]
    balance = session.get(LedgerFloat, row.wallet)
    return {
        "policies": len(policies),
        "insured": sum(policy.sum_insured for policy in policies),
        "policy_premium": sum(policy.premium_paid for policy in policies),
        "certificates": signed,
        "posted": sum(batch.size for batch in batches),
        "exposure": sum(batch.exposure for batch in batches),
        "premium": sum(batch.premium for batch in batches),
        "paid": sum(payout.amount for payout in paid),
        "paid_count": sum(payout.count for payout in paid),
        "float": 0 if balance is None else balance.balance,
    }


def _parts(at: Services, platform_id: str) -> Mapping[str, Load]:
    def sales() -> dict[str, Any]:
        with at.database.read() as session:
            row = find_platform(session, platform_id)
            return {"platform": row, "sold": sold(session, row)}

    def bordereaux() -> dict[str, Any]:
        with at.database.read() as session:
            row = find_platform(session, platform_id)
            query = select(LedgerBordereau).where(LedgerBordereau.platform == row.wallet)
            rows = session.scalars(query.order_by(LedgerBordereau.batch.desc()).limit(MOST_ROWS))
            listed = [(batch, _claimed(session, batch.batch)) for batch in rows]
            series = select(LedgerSeries).where(LedgerSeries.platform == row.wallet)
            return {"batches": listed, "series": list(session.scalars(series))}

    def webhooks() -> dict[str, Any]:
        with at.database.read() as session:
            endpoints = list(
                session.scalars(
                    select(WebhookEndpoint).where(WebhookEndpoint.platform_id == platform_id)
                )
            )
            tries = select(WebhookAttempt, WebhookDelivery).join(
                WebhookDelivery, WebhookDelivery.id == WebhookAttempt.delivery_id
            )
            own = tries.where(WebhookDelivery.endpoint_id.in_([e.id for e in endpoints]))
            newest = own.order_by(WebhookAttempt.at.desc(), WebhookAttempt.number.desc())
            return {
                "endpoints": endpoints,
                "attempts": [tuple(r) for r in session.execute(newest.limit(MOST_ROWS))],
                "platform_id": platform_id,
            }

    def keys() -> dict[str, Any]:
        with at.database.read() as session:
            query = select(ApiKey).where(ApiKey.platform_id == platform_id)
            keys = list(session.scalars(query.order_by(ApiKey.created_at)))
            return {"keys": keys, "platform_id": platform_id}

    return {"sales": sales, "bordereaux": bordereaux, "webhooks": webhooks, "keys": keys}


def _claimed(session: Session, batch: int) -> int:
    query = select(func.count()).select_from(LedgerClaimedCertificate)
    return session.scalar(query.where(LedgerClaimedCertificate.batch == batch)) or 0


@router.get("/platforms/{platform_id}")
def get_platform(
    platform_id: Identity,
    request: Request,
    at: ServicesDep,
    who: SignedIn,
    staged: Annotated[str, Query(pattern=r"^([0-9]{1,10}\.[0-9]{1,12})?$")] = "",
) -> Response:
    with at.database.read() as session:
        row = require(session, who, platform_id)
        risks = _risks(session, platform_id)
    parts = draw_all(request, who, f"/platforms/{platform_id}", _parts(at, platform_id))
    mine = who.caller.scopes
    return page(
        request, who, "platform.html", platform=row, live=parts, risks=risks,
        staged=staged.split(".") if staged else None,
        scopes=[scope for scope in SCOPES if scope in mine] if may_make_keys(at, who) else [],
        sandbox=at.sandbox is not None and "sandbox" in mine,
    )  # fmt: skip


@router.get("/platforms/{platform_id}/parts/{name}")
def get_part(
    platform_id: Identity,
    name: str,
    request: Request,
    at: ServicesDep,
    who: SignedIn,
    seen: str = "",
) -> Response:
    with at.database.read() as session:
        require(session, who, platform_id)
    return answer(request, who, f"/platforms/{platform_id}", _parts(at, platform_id), name, seen)
