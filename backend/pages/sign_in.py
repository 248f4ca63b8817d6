"""Signing in with a key, or with a wallet (EIP-4361), and out again."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from eth_utils.address import is_address, to_checksum_address
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.client.signatures import BadSignature, personal_hash, recover

from ..http.problems import Problem
from .sessions import (
    SIGN_IN_SECONDS,
    AnyViewer,
    FromOwnForm,
    ServicesDep,
    Sessions,
    SessionsDep,
    Viewer,
)
from .show import iso, page

router = APIRouter()
STATEMENT = "Sign in to flowcover. This costs nothing and moves nothing."
HOME = {"insurer": "/insurer", "platform": "/platform", "wallet": "/covers", "nobody": "/"}


def destination(request: Request, who: str, wanted: str) -> RedirectResponse:
    """Where to go after signing in: a page of ours that was asked for, or the viewer's own."""
    root = request.scope["root_path"]
    ours = wanted.startswith(f"{root}/") and "//" not in wanted and "\\" not in wanted
    return RedirectResponse(wanted if ours else root + HOME[who], 303)


@router.get("/sign-in")
def get_sign_in(
    request: Request, at: SessionsDep, who: AnyViewer, next: Annotated[str, Query()] = ""
) -> Response:
    if who.kind != "nobody":
        return destination(request, who.kind, next)
    return _form(request, at, next)


def _form(request: Request, at: SessionsDep, wanted: str, wrong: str = "") -> Response:
    """The form, with a fresh token of its own."""
    value = at.seal("nobody", "")
    who = at.open(value) or Viewer("nobody", "")
    answer = page(request, who, "sign_in.html", 401 if wrong else 200, wanted=wanted, wrong=wrong)
    answer.set_cookie(
        at.name(request), value, max_age=SIGN_IN_SECONDS, httponly=True, samesite="lax",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip
    return answer


@router.post("/sign-in")
def create_session(
    request: Request,
    at: SessionsDep,
    services: ServicesDep,
    _: FromOwnForm,
    key: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form()] = "",
) -> Response:
    """Signs in the insurer, by its token, or a platform, by one of its keys."""
    found = at.owner_of(key)
    if found is None:
        mode = services.settings.mode
        return _form(request, at, next, f"the key is unknown, revoked, or not a {mode} key")
    kind, identity = found
    answer = destination(request, kind, next)
    at.set(request, answer, kind, identity)
    return answer


def message_of(domain: str, uri: str, wallet: str, chain: int, nonce: str, issued: int) -> str:
    """The EIP-4361 text that a wallet signs; `wallet` checksummed, `issued` in seconds."""
    return (
        f"{domain} wants you to sign in with your Ethereum account:\n{wallet}\n\n{STATEMENT}\n\n"
        f"URI: {uri}\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\nIssued At: {iso(issued)}\n"
        f"Expiration Time: {iso(issued + SIGN_IN_SECONDS)}"
    )


def _message(request: Request, at: Sessions, who: Viewer, wallet: str, issued: int) -> str:
    """
    :raises Problem: invalid-request
    """
    if not is_address(wallet) or not who.nonce:
        raise Problem("invalid-request", "load the sign-in page, then give a wallet's address")
    origin = request.app.state.services.settings.public_url.rstrip("/")
    return message_of(
        urlsplit(origin).netloc or request.headers["host"],
        f"{origin}{request.scope['root_path']}/" if origin else str(request.base_url),
        to_checksum_address(wallet),
        request.app.state.services.contracts.deployment.chain_id,
        at.nonce_of_message(who),
        issued,
    )


@router.get("/sign-in/message")
def get_message(
    request: Request,
    at: SessionsDep,
    services: ServicesDep,
    who: AnyViewer,
    wallet: Annotated[str, Query(max_length=42)],
) -> Response:
    """The text that a wallet is to sign, and when it was made."""
    issued = int(services.clock())
    return JSONResponse({"message": _message(request, at, who, wallet, issued), "issued": issued})


@router.post("/sign-in/wallet")
def create_wallet_session(
    request: Request,
    at: SessionsDep,
    services: ServicesDep,
    who: FromOwnForm,
    wallet: Annotated[str, Form(max_length=42)],
    issued: Annotated[int, Form(ge=0, le=2**40)],
    signature: Annotated[str, Form(pattern="^0x([0-9a-f]{2}){65}$")],
    next: Annotated[str, Form()] = "",
) -> Response:
    """Signs in a wallet's owner; the signed text is made again here, so it cannot differ."""
    text = _message(request, at, who, wallet, issued)
    if not issued <= services.clock() <= issued + SIGN_IN_SECONDS:
        return _form(request, at, next, "the text that was signed is too old")
    try:
        signer = recover(personal_hash(text), bytes.fromhex(signature[2:]))
    except BadSignature as error:
        return _form(request, at, next, str(error))
    if signer != to_checksum_address(wallet):
        return _form(request, at, next, f"it is signed by {signer}")
    answer = destination(request, "wallet", next)
    at.set(request, answer, "wallet", signer)
    return answer


@router.post("/sign-out")
def delete_session(request: Request, at: SessionsDep, _: FromOwnForm) -> Response:
    answer = RedirectResponse(request.scope["root_path"] + "/", 303)
    answer.delete_cookie(at.name(request), path="/")
    return answer
