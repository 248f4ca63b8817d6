"""Bodies of platforms and keys."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..http.schemas import AddressText, Body
from ..http.tables import ApiKey

Scope = Literal["read", "onboard", "quote", "bind", "sell", "fund", "webhooks", "sandbox"]


class NewPlatform(Body):
    name: str = Field(min_length=1, max_length=120, examples=["Example Shop"])
    wallet: AddressText


class PlatformOut(Body):
    """`custodied`: the backend holds the wallet's key and can pay and bind from it."""

    id: str
    name: str
    wallet: str
    custodied: bool
    created_at: int


class NewKey(Body):
    label: str = Field(min_length=1, max_length=80, examples=["checkout"])
    scopes: list[Scope] = Field(
        default=["read", "onboard", "quote", "bind", "sell", "fund", "webhooks", "sandbox"],
        min_length=1,
    )


class KeyOut(Body):
    id: str
    label: str
    prefix: str
    mode: Literal["test", "live"]
    scopes: list[str]
    created_at: int
    revoked_at: int | None


class KeyCreated(KeyOut):
    """`key` is shown only here."""

    key: str


def key_fields(row: ApiKey) -> dict[str, object]:
    """What may be told of a key at any time."""
    names = ("id", "label", "prefix", "mode", "scopes", "created_at", "revoked_at")
    return {name: getattr(row, name) for name in names}
