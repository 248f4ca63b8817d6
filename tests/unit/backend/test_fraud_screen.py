"""The fraud screen: each rule at its limit, and when suspicions are enough to ask for a hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.fraud import LIMITS, Facts, asks_for_hold, suspicions
from backend.domain.units import TokenUnits

HONEST = Facts(
    start=0, began=30 * 86_400, payout=TokenUnits(5_000), premium=TokenUnits(100), claims=2,
    applicants_of_holder=0, applicants_of_host=0, siblings=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"claims": 3}, "velocity"),
        ({"applicants_of_holder": 1}, "linked_holder"),
        ({"applicants_of_host": 1}, "linked_host"),
        ({"began": LIMITS.soon - 1}, "soon_after_inception"),
        ({"payout": 5_001}, "payout_to_premium"),
        ({"siblings": 2}, "split_policies"),
    ],
)
def test_suspicions__one_fact_past_its_limit__is_that_rule_alone(
    change: dict[str, object], rule: str
) -> None:
    found = suspicions(replace(HONEST, **change), LIMITS)  # type: ignore[arg-type]
    assert [suspicion.rule for suspicion in found] == [rule]


def test_suspicions__every_fact_at_its_limit__are_none() -> None:
    assert suspicions(replace(HONEST, began=LIMITS.soon), LIMITS) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"claims": 9}, False),
        ({"began": 0}, False),
        ({"payout": 10**9}, False),
        ({"began": 0, "payout": 10**9}, True),
        ({"applicants_of_host": 1}, True),
        ({"siblings": 2}, True),
    ],
)
def test_hold__one_weak_suspicion__is_not_enough(change: dict[str, object], expected: bool) -> None:
    found = suspicions(replace(HONEST, **change), LIMITS)  # type: ignore[arg-type]
    assert asks_for_hold(found) is expected
