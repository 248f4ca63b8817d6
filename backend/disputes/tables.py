"""Table of score disputes."""

from __future__ import annotations

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Identifier


class ScoreDispute(Base):
    """A platform's word against one reported score; `upheld` and `answer` come once."""

    __tablename__ = "score_disputes"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    risk: Mapped[BigInt]
    frame: Mapped[BigInt]
    score: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[BigInt]
    upheld: Mapped[bool | None]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(64))
    answered_at: Mapped[BigInt | None]

    __table_args__ = (UniqueConstraint("platform_id", "risk", "frame"),)
