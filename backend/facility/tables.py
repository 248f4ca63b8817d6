"""Counters of what was sold against a series and a float, from the first sale on."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Hash, Identifier, Money


class SeriesSales(Base):
    """What a series has sold: its row is locked while serials are given out."""

    __tablename__ = "series_sales"

    series: Mapped[Hash] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier]
    next_serial: Mapped[BigInt]
    sold_units: Mapped[BigInt]
    last_start: Mapped[BigInt]


class FloatUse(Base):
    """Premium of everything a platform ever sold, token units; its row is locked while it sells."""

    __tablename__ = "float_uses"

    wallet: Mapped[Address] = mapped_column(primary_key=True)
    premium_sold: Mapped[Money]
