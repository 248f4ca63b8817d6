"""Table of wallets' sessions."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Hash, Identifier


class WalletSession(Base):
    """A session by the SHA-256 of its token; the unique nonce makes a message count once."""

    __tablename__ = "wallet_sessions"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    wallet: Mapped[Address] = mapped_column(index=True)
    secret_hash: Mapped[Hash] = mapped_column(unique=True)
    nonce: Mapped[str] = mapped_column(String(96), unique=True)
    created_at: Mapped[BigInt]
    expires_at: Mapped[BigInt]
    revoked_at: Mapped[BigInt | None]
