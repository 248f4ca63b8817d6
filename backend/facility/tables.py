"""Counter of what was sold of a series, from the first sale on."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Hash, Identifier


class SeriesSales(Base):
    """What a series has sold: its row is locked while serials are given out."""

    __tablename__ = "series_sales"

    series: Mapped[Hash] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier]
    next_serial: Mapped[BigInt]
    sold_units: Mapped[BigInt]
    last_start: Mapped[BigInt]
