"""Sign-in with a wallet (EIP-4361): the message read strictly, and why one is refused.

The message has every member that this deployment asks for, in the standard's order, with our own
statement and nothing else; what is optional in the standard and not asked for is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STATEMENT = "Sign in to flowcover. This costs nothing and moves nothing."
SECONDS = 600
"""Longest time between a message's issue and its expiry."""

SKEW = 30
"""Seconds that a wallet's clock may be ahead."""

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_FORM = re.compile(
    r"(?P<domain>[A-Za-z0-9.\-\[\]:]{1,260}) wants you to sign in with your Ethereum account:\n"
    r"(?P<wallet>0x[0-9A-Fa-f]{40})\n\n"
    + re.escape(STATEMENT)
    + r"\n\nURI: (?P<uri>[!-~]{1,400})\nVersion: (?P<version>\d{1,3})\n"
    r"Chain ID: (?P<chain>\d{1,19})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,96})\n"
    rf"Issued At: (?P<issued>{_TIME})\nExpiration Time: (?P<expires>{_TIME})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The members of a message; times as they are written, in UTC."""

    domain: str
    wallet: str
    uri: str
    version: int
    chain_id: int
    nonce: str
    issued_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message has to say here."""

    domain: str
    origin: str
    chain_id: int


def read(text: str) -> SignIn | None:
    """The members of a message of our form, None for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    part = found.group
    return SignIn(
        part("domain"), part("wallet"), part("uri"), int(part("version")), int(part("chain")),
        part("nonce"), part("issued"), part("expires"),
    )  # fmt: skip


def written(message: SignIn) -> str:
    """The text of a message: what `read` reads."""
    return (
        f"{message.domain} wants you to sign in with your Ethereum account:\n{message.wallet}\n\n"
        f"{STATEMENT}\n\nURI: {message.uri}\nVersion: {message.version}\n"
        f"Chain ID: {message.chain_id}\nNonce: {message.nonce}\nIssued At: {message.issued_at}\n"
        f"Expiration Time: {message.expires_at}"
    )


def refusal(message: SignIn, expected: Expected, issued: int, expires: int, now: int) -> str | None:
    """The rule that a message breaks, None when it breaks none.

    :param issued: the message's times, in seconds
    """
    rules = (
        ("version", message.version == 1),
        ("domain", message.domain == expected.domain),
        ("uri", message.uri == expected.origin or message.uri.startswith(expected.origin + "/")),
        ("chain_id", message.chain_id == expected.chain_id),
        ("issued_later", issued <= now + SKEW),
        ("expired", now < expires),
        ("lives_too_long", issued < expires <= issued + SECONDS),
    )
    return next((name for name, holds in rules if not holds), None)
