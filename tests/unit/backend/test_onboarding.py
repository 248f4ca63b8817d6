"""Who is accepted, referred, or declined, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.onboarding import APPETITE, Profile, Verdict, decide
from backend.domain.units import Score

GOOD = Profile("DE", "retail", Score(2_000), score_is_stale=False, has_sensor=True)


@pytest.mark.parametrize(
    ("changes", "verdict", "rules"),
    [
        ({"country": "KP"}, Verdict.DECLINE, ["country"]),
        ({"industry": "weapons"}, Verdict.DECLINE, ["industry"]),
        ({"score": None}, Verdict.REFER, ["unscored"]),
        ({"score_is_stale": True}, Verdict.REFER, ["stale_score"]),
        ({"score": 7_500}, Verdict.REFER, ["score_high"]),
        ({"score": 9_400}, Verdict.DECLINE, ["score_too_high"]),
        ({"score": None, "country": "KP"}, Verdict.DECLINE, ["country", "unscored"]),
    ],
)
def test_decide__one_rule_speaks__is_as_strict_as_it(
    changes: dict[str, object], verdict: Verdict, rules: list[str]
) -> None:
    decision = decide(replace(GOOD, **changes), APPETITE)  # type: ignore[arg-type]
    assert decision.verdict is verdict
    assert [reason.rule for reason in decision.reasons] == rules
    assert all(reason.remedy for reason in decision.reasons)


def test_decide__no_rule_speaks__accepts_with_the_base_loading() -> None:
    decision = decide(replace(GOOD, score=Score(7_499)), APPETITE)
    assert (decision.verdict, decision.reasons) == (Verdict.ACCEPT, ())
    assert decision.loading == APPETITE.base_loading


def test_decide__no_sensor__costs_a_loading() -> None:
    decision = decide(replace(GOOD, has_sensor=False), APPETITE)
    assert decision.loading == APPETITE.base_loading + APPETITE.sensorless_loading
