"""Endpoints of applicants and assets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import Page
from ..http.writes import Write, writing
from . import service
from .schemas import ApplicantOut, AssetOut, NewApplicant, NewAsset
from .tables import Applicant, Asset

router = APIRouter(tags=["applicants"])


def _out(row: Applicant) -> ApplicantOut:
    return ApplicantOut(
        id=row.id,
        name=row.name,
        country=row.country,
        industry=row.industry,
        wallet=row.wallet,
        created_at=row.created_at,
    )


@router.post(
    "/applicants", status_code=201, response_model=ApplicantOut, responses=declared_write()
)
def create_applicant(
    body: NewApplicant, write: Annotated[Write, Depends(writing("onboard", "applicants.create"))]
) -> Response:
    """Takes an applicant in."""
    row = service.add_applicant(write, body)
    return write.answer(201, _out(row), row.id)


@router.get("/applicants", responses=declared("invalid-cursor"))
def list_applicants(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ApplicantOut]:
    """The caller's applicants."""
    query = select(Applicant)
    if who.platform_id is not None:
        query = query.where(Applicant.platform_id == who.platform_id)
    with at.database.read() as session:
        rows, following = page(session, query, [Applicant.id], cursor, limit)
    return Page(items=[_out(row) for row in rows], next_cursor=following)


@router.get("/applicants/{applicant_id}", responses=declared("not-found"))
def get_applicant(applicant_id: str, at: ServicesDep, who: Reader) -> ApplicantOut:
    """One applicant."""
    with at.database.read() as session:
        return _out(service.find_applicant(session, who, applicant_id))


@router.post(
    "/applicants/{applicant_id}/assets",
    status_code=202,
    response_model=AssetOut,
    responses=declared_write("not-found"),
)
def create_asset(
    applicant_id: str,
    body: NewAsset,
    write: Annotated[Write, Depends(writing("onboard", "assets.create"))],
) -> Response:
    """Stores an asset and registers it on chain, where only its keyed commitment is known."""
    row, _ = service.add_asset(write, applicant_id, body)
    write.session.flush()
    return write.answer(202, service.asset_out(write.session, row), row.id)


@router.get("/applicants/{applicant_id}/assets", responses=declared("not-found", "invalid-cursor"))
def list_assets(
    applicant_id: str, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[AssetOut]:
    """An applicant's assets."""
    with at.database.read() as session:
        service.find_applicant(session, who, applicant_id)
        query = select(Asset).where(Asset.applicant_id == applicant_id)
        rows, following = page(session, query, [Asset.id], cursor, limit)
        items = [service.asset_out(session, row) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/assets/{asset_id}", responses=declared("not-found"))
def get_asset(asset_id: str, at: ServicesDep, who: Reader) -> AssetOut:
    """One asset, with its risk index once it is registered."""
    with at.database.read() as session:
        return service.asset_out(session, service.find_asset(session, who, asset_id))
