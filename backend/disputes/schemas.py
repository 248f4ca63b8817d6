"""Bodies of score disputes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..http.schemas import Body


class NewDispute(Body):
    """Against the score of one reported frame."""

    frame: int = Field(ge=0, le=0xFFFFFFFF)
    reason: str = Field(min_length=10, max_length=2_000)


class DisputeAnswer(Body):
    """`upheld`: the insurer agrees that the score was wrong; what follows is said in `answer`."""

    upheld: bool
    answer: str = Field(min_length=10, max_length=2_000)


class DisputeOut(Body):
    """A dispute changes neither score nor rate nor cover by itself."""

    id: str
    risk: int
    frame: int
    score: int
    reason: str
    status: Literal["open", "upheld", "rejected"]
    opened_at: int
    answer: str | None
    answered_at: int | None
