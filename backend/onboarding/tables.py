"""Tables of questionnaire answers and of challenges to prove control of an asset."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Identifier


class AnsweredQuestionnaire(Base):
    """An applicant's answers to one version; the newest number counts, none is changed."""

    __tablename__ = "answered_questionnaires"

    applicant_id: Mapped[Identifier] = mapped_column(ForeignKey("applicants.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    answered_at: Mapped[BigInt]


class ControlChallenge(Base):
    """One challenge: `pending`, `checking` (the job looks), then `proven` or `expired`."""

    __tablename__ = "control_challenges"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    asset_id: Mapped[Identifier] = mapped_column(ForeignKey("assets.id"), index=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    method: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(253))
    token: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(10), index=True)
    detail: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[BigInt]
    expires_at: Mapped[BigInt]
    proven_at: Mapped[BigInt | None]
