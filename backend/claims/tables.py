"""Table of holds that the fraud screen asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Hash


class HoldRequest(Base):
    """A hold that was asked for, with its reasons and their hash; one for each claim."""

    __tablename__ = "hold_requests"

    claim: Mapped[Hash] = mapped_column(primary_key=True)
    policy: Mapped[BigInt]
    run_start: Mapped[BigInt]
    reasons: Mapped[list[Any]]
    reason_hash: Mapped[Hash]
    requested_at: Mapped[BigInt]
