"""Whether an asset can be covered: accept, refer to a person, or decline, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .units import BasisPoints, Score


class Verdict(StrEnum):
    ACCEPT = "accept"
    REFER = "refer"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that spoke: its stable name, what it saw, and what would change it."""

    rule: str
    verdict: Verdict
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Appetite:
    """The insurer's limits: from `refer_from` a person decides, from `decline_from` nobody does."""

    refer_from: Score
    decline_from: Score
    declined_industries: frozenset[str]
    declined_countries: frozenset[str]
    base_loading: BasisPoints
    sensorless_loading: BasisPoints


APPETITE = Appetite(
    refer_from=Score(7_500),
    decline_from=Score(9_400),
    declined_industries=frozenset({"weapons", "unlicensed_gambling"}),
    declined_countries=frozenset({"KP", "IR", "SY"}),
    base_loading=BasisPoints(500),
    sensorless_loading=BasisPoints(1_000),
)
"""The insurer's limits as they are."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of an applicant and the asset; `score` is None before the first frame.

    `other` are the reasons that answers and proofs of control gave.
    """

    country: str
    industry: str
    score: Score | None
    score_is_stale: bool
    has_sensor: bool
    other: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    reasons: tuple[Reason, ...]
    loading: BasisPoints


def decide(profile: Profile, appetite: Appetite) -> Decision:
    """The strictest verdict of all rules that speak; no rule speaking means accept."""
    reasons = tuple(_reasons(profile, appetite))
    order = (Verdict.ACCEPT, Verdict.REFER, Verdict.DECLINE)
    verdict = max((r.verdict for r in reasons), key=order.index, default=Verdict.ACCEPT)
    loading = appetite.base_loading
    if not profile.has_sensor:
        loading = BasisPoints(loading + appetite.sensorless_loading)
    return Decision(verdict, reasons, loading)


def _reasons(profile: Profile, appetite: Appetite) -> list[Reason]:
    found = list(profile.other)
    if profile.country in appetite.declined_countries:
        found.append(
            Reason("country", Verdict.DECLINE, f"no cover is offered in {profile.country}", "none")
        )
    if profile.industry in appetite.declined_industries:
        found.append(
            Reason("industry", Verdict.DECLINE, f"no cover for {profile.industry}", "none")
        )
    if profile.score is None:
        remedy = "run the sensor until the asset's first frame is scored"
        found.append(Reason("unscored", Verdict.REFER, "the asset has no score yet", remedy))
        return found
    if profile.score_is_stale:
        remedy = "wait for the next frame; check the sensor and the oracle members"
        found.append(Reason("stale_score", Verdict.REFER, "the last score is too old", remedy))
    if profile.score >= appetite.decline_from:
        remedy = "remove what the score's explanation names, and apply again"
        detail = f"score {profile.score} is at or above {appetite.decline_from}"
        found.append(Reason("score_too_high", Verdict.DECLINE, detail, remedy))
    elif profile.score >= appetite.refer_from:
        remedy = "an underwriter looks at the score's explanation"
        detail = f"score {profile.score} is at or above {appetite.refer_from}"
        found.append(Reason("score_high", Verdict.REFER, detail, remedy))
    return found
