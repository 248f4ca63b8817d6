"""Endpoints of platforms and their keys: for the insurer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from ..http.context import INSURER, Insurer, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import Page
from ..http.tables import ApiKey
from ..http.writes import Write, writing
from . import service
from .schemas import KeyCreated, KeyOut, NewKey, NewPlatform, PlatformOut, key_fields
from .tables import Platform

router = APIRouter(prefix="/platforms", tags=["platforms"])


def _out(row: Platform, custodied: bool) -> PlatformOut:
    return PlatformOut(
        id=row.id, name=row.name, wallet=row.wallet, custodied=custodied, created_at=row.created_at
    )


@router.post("", status_code=201, response_model=PlatformOut, responses=declared_write())
def create_platform(
    body: NewPlatform, write: Annotated[Write, Depends(writing(INSURER, "platforms.create"))]
) -> Response:
    """Opens a platform."""
    row = service.open_platform(write, body)
    custodied = write.at.keyring.signer(row.wallet) is not None
    return write.answer(201, _out(row, custodied), row.id)


@router.get("", responses=declared("invalid-cursor"))
def list_platforms(
    at: ServicesDep, who: Insurer, limit: Limit = 50, cursor: Cursor = None
) -> Page[PlatformOut]:
    """All platforms."""
    with at.database.read() as session:
        rows, following = page(session, select(Platform), [Platform.id], cursor, limit)
    items = [_out(row, at.keyring.signer(row.wallet) is not None) for row in rows]
    return Page(items=items, next_cursor=following)


@router.post(
    "/{platform_id}/keys",
    status_code=201,
    response_model=KeyCreated,
    responses=declared_write("not-found"),
)
def create_key(
    platform_id: str,
    body: NewKey,
    write: Annotated[Write, Depends(writing(INSURER, "keys.create"))],
) -> Response:
    """Makes a key; the answer is the only place where it is shown."""
    row, secret = service.make_key(write, platform_id, body)
    shown = KeyCreated.model_validate({"key": secret, **key_fields(row)})
    return write.answer(201, shown, row.id, kept=shown.model_copy(update={"key": row.prefix + "…"}))


@router.get("/{platform_id}/keys", responses=declared("not-found", "invalid-cursor"))
def list_keys(
    platform_id: str, at: ServicesDep, who: Insurer, limit: Limit = 50, cursor: Cursor = None
) -> Page[KeyOut]:
    """A platform's keys, without their secrets."""
    with at.database.read() as session:
        service.find_platform(session, platform_id)
        query = select(ApiKey).where(ApiKey.platform_id == platform_id)
        rows, following = page(session, query, [ApiKey.id], cursor, limit)
    items = [KeyOut.model_validate(key_fields(row)) for row in rows]
    return Page(items=items, next_cursor=following)


@router.post(
    "/{platform_id}/keys/{key_id}:revoke",
    response_model=KeyOut,
    responses=declared_write("not-found"),
)
def revoke_key(
    platform_id: str,
    key_id: str,
    write: Annotated[Write, Depends(writing(INSURER, "keys.revoke"))],
) -> Response:
    """Revokes a key; it stops working within two seconds in every process."""
    row = service.revoke_key(write, platform_id, key_id)
    return write.answer(200, KeyOut.model_validate(key_fields(row)), row.id)
