"""Bodies of the sandbox."""

from __future__ import annotations

from pydantic import Field

from ..http.schemas import Body

YEAR = 31_536_000


class MoveClock(Body):
    seconds: int = Field(ge=1, le=YEAR)


class Clock(Body):
    """Chain time, which is the only clock of cover."""

    time: int


class StageScore(Body):
    """The score that the committee reports next for one of the caller's risks."""

    risk: int = Field(ge=0, le=0xFFFFFFFF)
    score: int = Field(ge=0, le=10_000)


class StagedScore(Body):
    risk: int
    score: int
    frame: int
    transaction_hash: str


class StageIncident(Body):
    """The service of one of the caller's risks is lost from now on, `attacked` or not.

    The clock moves to the end of the incident; nothing settles before its slots are closed and the
    product's hold window is over, so move the clock on after it.
    """

    risk: int = Field(ge=0, le=0xFFFFFFFF)
    seconds: int = Field(ge=1, le=3_600)
    attacked: bool = True


class StagedIncident(Body):
    """A run of lost slots, ends included; at `closes_at` the last can no longer change."""

    risk: int
    run_start: int
    run_end: int
    closes_at: int
    transaction_hashes: list[str]
