"""The audit's rules on cases small enough to check by hand."""

from __future__ import annotations

import pytest

from backend.audit.rules import (
    ONE,
    YEAR,
    RateStep,
    Run,
    accumulated,
    exhausted_at,
    lanes,
    median,
    payout_down,
    premium_up,
    quorum_slots,
    runs,
    seconds_due,
    set_slots,
    table_rate,
)


@pytest.mark.parametrize(
    ("values", "middle"), [([5], 5), ([9, 1, 5], 5), ([9, 1, 5, 7], 7), ([3, 3, 9000], 3)]
)
def test_median__odd_and_even_counts__takes_the_upper_middle(
    values: list[int], middle: int
) -> None:
    assert median(values) == middle


def test_lanes__packed_scores__are_big_endian() -> None:
    assert lanes(bytes.fromhex("0001ffff2710")) == [1, 0xFFFF, 10_000]


@pytest.mark.parametrize(
    ("score", "rate"), [(0, 10), (624, 10), (625, 20), (9_999, 160), (10_000, 160)]
)
def test_table_rate__step_edges__pick_the_lane(score: int, rate: int) -> None:
    table = sum((lane + 1) << 16 * lane for lane in range(16))
    assert table_rate(table, 10, score) == rate


def test_accumulated__rate_changes_inside__weights_each_second_once() -> None:
    steps = [RateStep(100, 5), RateStep(110, 7)]
    assert accumulated(steps, 105, 112) == 5 * 5 + 7 * 2
    assert accumulated(steps, 112, 112) == 0


@pytest.mark.parametrize(
    ("rate_seconds", "premium"),
    [(0, 0), (1, 1), (ONE * YEAR, 1_000_000), (ONE * YEAR + 1, 1_000_001)],
)
def test_premium_up__any_remainder__rounds_up(rate_seconds: int, premium: int) -> None:
    assert premium_up(1_000_000, rate_seconds) == premium


def test_exhausted_at__budget_ends_between_seconds__is_the_next_second() -> None:
    steps = [RateStep(0, 10), RateStep(100, 30)]
    assert exhausted_at(steps, 0, 0, 1_000, 500) == 100
    assert exhausted_at(steps, 0, 0, 1_001, 500) == 101
    assert exhausted_at(steps, 5, 90, 150, 500) == 100
    assert exhausted_at(steps, 0, 0, 10**9, 500) is None


def test_set_slots__lowest_and_highest_bit__number_the_slots() -> None:
    assert set_slots(2, 1 | 1 << 63) == [128, 191]


def test_quorum_slots__one_liar_of_four__adds_and_removes_nothing() -> None:
    honest = {10, 11, 12}
    assert quorum_slots([honest, honest, honest, {99}], 3) == honest


def test_runs__gap_shorter_than_the_merge_gap__is_closed() -> None:
    assert runs([4, 5, 7], slot_length=5, merge_gap=6) == [Run(4, 20, 40)]
    assert runs([4, 5, 7], slot_length=5, merge_gap=5) == [Run(4, 20, 30), Run(7, 35, 40)]
    assert runs([4, 5], slot_length=5, merge_gap=0) == [Run(4, 20, 30)]


@pytest.mark.parametrize(
    ("cover_end", "waiting", "seconds"), [(1_000, 6, 34), (130, 6, 24), (103, 6, 0), (50, 0, 0)]
)
def test_seconds_due__clipped_then_waiting_period__is_never_negative(
    cover_end: int, waiting: int, seconds: int
) -> None:
    assert seconds_due(Run(20, 100, 140), cover_end, waiting) == seconds


def test_payout_down__remainder__rounds_down() -> None:
    assert payout_down(1, 3_599) == 0
    assert payout_down(3_600, 3_599) == 3_599
