"""Tables of applicants and assets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Hash, Identifier


class Applicant(Base):
    """The party behind risks and policies; `wallet` stands for it on chain."""

    __tablename__ = "applicants"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(160))
    country: Mapped[str] = mapped_column(String(2))
    industry: Mapped[str] = mapped_column(String(60))
    wallet: Mapped[Address]
    created_at: Mapped[BigInt]


class Asset(Base):
    """One network asset: on chain only its keyed commitment is known."""

    __tablename__ = "assets"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    applicant_id: Mapped[Identifier] = mapped_column(ForeignKey("applicants.id"), index=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(120))
    definition: Mapped[dict[str, Any]]
    has_sensor: Mapped[bool]
    asset_hash: Mapped[Hash] = mapped_column(unique=True)
    base_score: Mapped[int]
    transaction_id: Mapped[Identifier]
    created_at: Mapped[BigInt]
