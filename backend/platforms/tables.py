"""Table of platforms."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Identifier


class Platform(Base):
    __tablename__ = "platforms"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    wallet: Mapped[Address] = mapped_column(unique=True)
    created_at: Mapped[BigInt]
