"""Who looks at a page: a signed cookie, made at sign-in, and the forms' tokens that follow from it.

Nothing is stored: the cookie names a key or a wallet and ends by itself. Its signature hangs on the
insurer's token and the deployment's commitment key, and a platform's key is looked up at each
request, so revoking the key, or changing the token, ends the sessions that were made with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request
from sqlalchemy import select
from starlette.responses import Response

from ..http.context import INSURER, SCOPES, Caller, Services, ServicesDep, hash_of
from ..http.problems import Problem
from ..http.tables import ApiKey

HOURS = 8
SIGN_IN_SECONDS = 600
"""How long a sign-in form, and the wallet's message in it, may be used."""
COOKIE = "flowcover_session"
Kind = Literal["nobody", "insurer", "platform", "wallet"]


class SignInNeeded(Exception):
    """The page is for somebody who has signed in."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: `key_id` and `platform_id` of a platform's key, `wallet` of a wallet's owner."""

    kind: Kind
    nonce: str
    key_id: str = ""
    platform_id: str | None = None
    wallet: str = ""
    scopes: frozenset[str] = frozenset()

    @property
    def caller(self) -> Caller:
        """The same as the API knows it.

        :raises Problem: forbidden, for a wallet, which has no key
        """
        if self.kind == "insurer":
            return Caller(INSURER, None, frozenset({*SCOPES, INSURER}))
        if self.kind == "platform":
            return Caller(self.key_id, self.platform_id, self.scopes)
        raise Problem("forbidden", "this needs the insurer's token or a platform's API key")


class Sessions:
    """Makes and reads cookies, and the token that every form of a session carries."""

    def __init__(self, at: Services) -> None:
        self._at = at
        parts = f"{at.settings.admin_token}\n{at.settings.commitment_key}"
        self._key = hashlib.sha256(b"pages\n" + parts.encode()).digest()

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}\n{text}".encode(), "sha256").hexdigest()

    def form_token(self, viewer: Viewer) -> str:
        """What the viewer's forms carry, so that no other site can send them."""
        return self._mac("form", viewer.nonce)

    def nonce_of_message(self, viewer: Viewer) -> str:
        """The nonce of the message that a wallet signs to sign in."""
        return self._mac("wallet", viewer.nonce)[:24]

    def owner_of(self, secret: str) -> tuple[Kind, str] | None:
        """Whose a token or API key is: the kind of viewer and its identity in a cookie."""
        if hmac.compare_digest(secret.encode(), self._at.settings.admin_token.encode()):
            return "insurer", ""
        with self._at.database.read() as session:
            row = session.scalar(select(ApiKey).where(ApiKey.secret_hash == hash_of(secret)))
        if row is None or row.revoked_at is not None or row.mode != self._at.settings.mode:
            return None
        return "platform", row.id

    def seal(self, kind: Kind, identity: str) -> str:
        """A cookie's value."""
        seconds = SIGN_IN_SECONDS if kind == "nobody" else HOURS * 3600
        fields = {
            "kind": kind,
            "identity": identity,
            "nonce": secrets.token_hex(16),
            "expires": int(self._at.clock()) + seconds,
        }
        text = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()
        return f"{text}.{self._mac('cookie', text)}"

    def open(self, value: str | None) -> Viewer | None:
        """The viewer of a cookie, None when it is none, was changed, or has ended."""
        text, _, signature = (value or "").partition(".")
        if not text or not hmac.compare_digest(signature, self._mac("cookie", text)):
            return None
        try:
            fields: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text))
        except (binascii.Error, ValueError):
            return None
        if fields["expires"] < self._at.clock():
            return None
        return self._viewer(fields["kind"], fields["identity"], fields["nonce"])

    def _viewer(self, kind: Kind, identity: str, nonce: str) -> Viewer | None:
        if kind == "wallet":
            return Viewer(kind, nonce, wallet=identity)
        if kind != "platform":
            return Viewer(kind, nonce)
        with self._at.database.read() as session:
            row = session.get(ApiKey, identity)
        if row is None or row.revoked_at is not None or row.mode != self._at.settings.mode:
            return None
        scopes = frozenset(row.scopes)
        return Viewer(kind, nonce, key_id=row.id, platform_id=row.platform_id, scopes=scopes)

    def name(self, request: Request) -> str:
        """The cookie's name; over TLS one that no other host or path can set."""
        return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE

    def set(self, request: Request, response: Response, kind: Kind, identity: str = "") -> None:
        response.set_cookie(
            self.name(request),
            self.seal(kind, identity),
            max_age=SIGN_IN_SECONDS if kind == "nobody" else HOURS * 3600,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
            path="/",
        )


def sessions(request: Request) -> Sessions:
    found: Sessions = request.app.state.sessions
    return found


SessionsDep = Annotated[Sessions, Depends(sessions)]


def viewer(request: Request, at: SessionsDep) -> Viewer:
    """Whoever looks, signed in or not."""
    return at.open(request.cookies.get(at.name(request))) or Viewer("nobody", "")


AnyViewer = Annotated[Viewer, Depends(viewer)]


def signed_in(who: AnyViewer) -> Viewer:
    """
    :raises SignInNeeded: nobody has signed in
    """
    if who.kind == "nobody":
        raise SignInNeeded
    return who


def insurer(who: Annotated[Viewer, Depends(signed_in)]) -> Viewer:
    """
    :raises Problem: forbidden
    """
    if who.kind != "insurer":
        raise Problem("forbidden", "this page is for the insurer")
    return who


SignedIn = Annotated[Viewer, Depends(signed_in)]
Insurer = Annotated[Viewer, Depends(insurer)]


def from_own_form(
    request: Request, at: SessionsDep, who: AnyViewer, form_token: Annotated[str, Form()] = ""
) -> Viewer:
    """The viewer of a form that one of our own pages sent.

    :raises Problem: forbidden, when another site sent it or the page is too old
    """
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or not who.nonce or not hmac.compare_digest(form_token, at.form_token(who)):
        raise Problem("forbidden", "the form is too old, or another site sent it: load it again")
    return who


FromOwnForm = Annotated[Viewer, Depends(from_own_form)]

__all__ = [
    "AnyViewer", "FromOwnForm", "Insurer", "ServicesDep", "Sessions", "SessionsDep", "SignInNeeded",
    "SignedIn", "Viewer",
]  # fmt: skip
