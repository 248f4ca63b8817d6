"""Opens platforms, and makes and revokes their API keys."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..http.context import hash_of
from ..http.problems import Problem
from ..http.tables import ApiKey
from ..http.writes import Write
from .schemas import NewKey, NewPlatform
from .tables import Platform


def open_platform(write: Write, wish: NewPlatform) -> Platform:
    """
    :raises Problem: conflict, when the wallet belongs to another platform
    """
    if write.session.scalar(select(Platform).where(Platform.wallet == wish.wallet)) is not None:
        raise Problem("conflict", f"wallet {wish.wallet} belongs to a platform")
    row = Platform(
        id=f"plt_{secrets.token_hex(10)}",
        name=wish.name,
        wallet=wish.wallet,
        created_at=write.now,
    )
    write.session.add(row)
    return row


def find_platform(session: Session, platform_id: str) -> Platform:
    """
    :raises Problem: not-found
    """
    row = session.get(Platform, platform_id)
    if row is None:
        raise Problem("not-found", f"no platform {platform_id}")
    return row


def make_key(write: Write, platform_id: str, wish: NewKey) -> tuple[ApiKey, str]:
    """A new key and its secret, which is not stored."""
    find_platform(write.session, platform_id)
    mode = write.at.settings.mode
    secret = f"fc_{mode}_{secrets.token_urlsafe(24)}"
    row = ApiKey(
        id=f"key_{secrets.token_hex(10)}",
        platform_id=platform_id,
        label=wish.label,
        prefix=secret[:14],
        secret_hash=hash_of(secret),
        mode=mode,
        scopes=sorted(set(wish.scopes)),
        created_at=write.now,
        revoked_at=None,
    )
    write.session.add(row)
    return row, secret


def revoke_key(write: Write, platform_id: str, key_id: str) -> ApiKey:
    """
    :raises Problem: not-found
    """
    row = write.session.get(ApiKey, key_id)
    if row is None or row.platform_id != platform_id:
        raise Problem("not-found", f"no key {key_id}")
    if row.revoked_at is None:
        row.revoked_at = write.now
    write.at.key_cache.clear()
    return row
