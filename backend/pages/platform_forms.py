"""What a platform's page can do: make and revoke keys, send messages again, stage incidents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from ..applicants.service import require_risk
from ..http.context import Services
from ..http.problems import Problem
from ..platforms import service as platforms
from ..platforms.schemas import KeyCreated, KeyOut, NewKey, Scope, key_fields
from ..sandbox.api import sandbox_of
from ..webhooks import service as webhooks
from ..webhooks.schemas import delivery_out
from .platform import Identity, may_make_keys, require
from .sessions import FromOwnForm, ServicesDep, Viewer
from .show import page
from .writes import writing

router = APIRouter(prefix="/platforms/{platform_id}")
Seconds = Annotated[int, Form(ge=1, le=3_600)]


def _require(at: Services, who: Viewer, platform_id: str) -> str:
    """Name of the platform.

    :raises Problem: not-found, also when it is somebody else's
    """
    with at.database.read() as session:
        return require(session, who, platform_id).name


def _back(request: Request, platform_id: str, then: str = "") -> Response:
    return RedirectResponse(f"{request.scope['root_path']}/platforms/{platform_id}{then}", 303)


@router.post("/keys")
def create_key(
    platform_id: Identity,
    request: Request,
    at: ServicesDep,
    who: FromOwnForm,
    label: Annotated[str, Form(min_length=1, max_length=80)],
    scopes: Annotated[list[Scope], Form(min_length=1)],
) -> Response:
    """Makes a key and shows its secret, once."""
    name = _require(at, who, platform_id)
    beyond = sorted(set(scopes) - who.caller.scopes)
    if not may_make_keys(at, who) or beyond:
        raise Problem("forbidden", "the insurer makes the keys of a live platform")
    wish = NewKey(label=label, scopes=scopes)
    with writing(at, who.caller, "keys.create", platform_id + wish.model_dump_json()) as write:
        row, secret = platforms.make_key(write, platform_id, wish)
        shown = KeyCreated.model_validate({"key": secret, **key_fields(row)})
        kept = shown.model_copy(update={"key": row.prefix + "…"})
        write.answer(201, shown, row.id, kept=kept)
    return page(request, who, "key_made.html", 201, platform_id=platform_id, name=name, key=shown)


@router.post("/keys/{key_id}/revoke")
def revoke_key(
    platform_id: Identity,
    key_id: Annotated[str, Path(pattern="^key_[0-9a-f]{20}$")],
    request: Request,
    at: ServicesDep,
    who: FromOwnForm,
) -> Response:
    """Ends a key, and the sessions that were made with it."""
    _require(at, who, platform_id)
    with writing(at, who.caller, "keys.revoke", key_id) as write:
        row = platforms.revoke_key(write, platform_id, key_id)
        write.answer(200, KeyOut.model_validate(key_fields(row)), row.id)
    return _back(request, platform_id)


@router.post("/deliveries/{delivery_id}/replay")
def replay_delivery(
    platform_id: Identity,
    delivery_id: Annotated[str, Path(pattern="^msg_[0-9a-f]{24}$")],
    request: Request,
    at: ServicesDep,
    who: FromOwnForm,
) -> Response:
    """Sends a message again, with its id."""
    _require(at, who, platform_id)
    _require_scope(who, "webhooks")
    with writing(at, who.caller, "webhooks.replay", delivery_id) as write:
        row = webhooks.find_delivery(write.session, who.caller, delivery_id)
        webhooks.replay(write, row)
        write.answer(202, delivery_out(row), row.id)
    return _back(request, platform_id)


@router.post("/incidents")
def stage_incident(
    platform_id: Identity,
    request: Request,
    at: ServicesDep,
    who: FromOwnForm,
    risk: Annotated[int, Form(ge=0, le=0xFFFFFFFF)],
    seconds: Seconds,
    attacked: Annotated[bool, Form()] = False,
) -> Response:
    """On a development chain: every member marks the risk's slots from now on as lost."""
    _require(at, who, platform_id)
    _require_scope(who, "sandbox")
    sandbox = sandbox_of(at)
    with at.database.read() as session:
        require_risk(session, who.caller, risk)
    outage = sandbox.outage(risk, seconds, attacked)
    return _back(request, platform_id, f"?staged={risk}.{outage.first}")


@router.post("/clock")
def move_clock(
    platform_id: Identity, request: Request, at: ServicesDep, who: FromOwnForm, seconds: Seconds
) -> Response:
    """Moves a development chain's clock on, for everybody who uses it."""
    _require(at, who, platform_id)
    _require_scope(who, "sandbox")
    sandbox_of(at).advance(seconds)
    return _back(request, platform_id)


def _require_scope(who: Viewer, scope: str) -> None:
    """
    :raises Problem: forbidden
    """
    if scope not in who.caller.scopes:
        raise Problem("forbidden", f"the key has no scope {scope}", scope=scope)
