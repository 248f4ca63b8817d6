"""Table of binds: which platform bound which quote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Hash, Identifier, Money


class Bind(Base):
    """A quote that a platform accepted; `transaction_id` is null when the holder binds it."""

    __tablename__ = "binds"

    quote_digest: Mapped[Hash] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    quote: Mapped[dict[str, Any]]
    premium: Mapped[Money]
    payer: Mapped[str] = mapped_column(String(8))
    transaction_id: Mapped[Identifier | None]
    created_at: Mapped[BigInt]
    case_id: Mapped[Identifier]
