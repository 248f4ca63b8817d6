"""Bodies of wallets' sign-in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..http.schemas import Body, SignatureText


class MessageOut(Body):
    """The EIP-4361 text to sign with `personal_sign`; it counts once, until `expires_at`."""

    message: str
    nonce: str
    expires_at: int


class NewSession(Body):
    """The text as it was signed; a contract wallet is asked about its signature (EIP-1271)."""

    message: Annotated[str, Field(min_length=1, max_length=2_000)]
    signature: SignatureText


class SessionOut(Body):
    id: str
    wallet: str
    created_at: int
    expires_at: int


class SessionCreated(SessionOut):
    """`token` is the bearer token of the wallet's own endpoints; it is shown only here."""

    token: str
