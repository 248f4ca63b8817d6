"""Answer bodies of assessments, scores and rates."""

from __future__ import annotations

from typing import Literal

from ..http.schemas import Body, Digits


class ReasonOut(Body):
    rule: str
    verdict: Literal["refer", "decline", "accept"]
    detail: str
    remedy: str


class AssessmentOut(Body):
    """`score` is the newest uncapped median, which new cover is priced on."""

    asset: str
    risk: int | None
    decision: Literal["accept", "refer", "decline"]
    reasons: list[ReasonOut]
    score: int | None
    frame: int | None
    model_hash: str | None
    loading_bps: int


class ScoreOut(Body):
    risk: int
    score: int
    uncapped: int
    frame: int
    model_hash: str
    stale: bool
    reported_at: int
    transaction_hash: str


class EffectOut(Body):
    """One feature's part in a score, in points."""

    words: str
    feature: str
    effect: int


class RemedyOut(Body):
    """A control, the score without what it removes, and what that saves in premium a year."""

    control: str
    framework: str
    mitigation: str
    score: int
    rate: Digits
    saves: Digits


class ExplanationOut(Body):
    """Why a score is what it is: derived anew from `evidence` with the model that gave it."""

    risk: int
    frame: int
    score: int
    model_hash: str
    evidence: str
    rate: Digits
    because: list[EffectOut]
    remedies: list[RemedyOut]


class RateOut(Body):
    """One reset of a risk's premium rate under a product."""

    product: int
    rate_before: Digits
    rate_after: Digits
    time: int
    block_number: int
    transaction_hash: str
