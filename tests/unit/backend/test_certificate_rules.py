"""What may be sold, and when sold certificates make a batch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.certificates import SeriesRoom, Sold, due_batch, refuse_sale, units_of, way_of
from backend.domain.pricing import Refusal
from backend.domain.units import ChainTime, Seconds, TokenUnits
from tests.support.products import product

ROOM = SeriesRoom(
    serials=10,
    units=100,
    last_start=ChainTime(1_000),
    premium_per_unit=TokenUnits(5),
    table_premium_per_unit=TokenUnits(5),
)


@pytest.mark.parametrize(
    ("room", "count", "units", "start", "rule"),
    [
        ({"table_premium_per_unit": 6}, 1, 1, 0, "series_rate_outdated"),
        ({}, 11, 11, 0, "serials_exhausted"),
        ({}, 1, 101, 0, "reservation_exhausted"),
        ({}, 1, 1, 1_001, "series_ended"),
    ],
)
def test_refuse_sale__no_room__names_the_rule(
    room: dict[str, int], count: int, units: int, start: int, rule: str
) -> None:
    changed = replace(ROOM, **room)  # type: ignore[arg-type]
    refusal = refuse_sale(changed, count, units, ChainTime(start))
    assert refusal is not None
    assert refusal.rule == rule


def test_refuse_sale__exactly_what_is_left__is_sold() -> None:
    assert refuse_sale(ROOM, 10, 100, ChainTime(1_000)) is None


@pytest.mark.parametrize(
    ("insured", "rule"),
    [
        (0, "sum_insured_out_of_range"),
        (10**12 + 1, "sum_insured_out_of_range"),
        (1_500_000, "not_whole_units"),
        (65_536 * 1_000_000, "sum_insured_out_of_range"),
    ],
)
def test_units_of__not_insurable__names_the_rule(insured: int, rule: str) -> None:
    refusal = units_of(product(), TokenUnits(insured))
    assert isinstance(refusal, Refusal)
    assert refusal.rule == rule


def test_units_of__whole_units__counts_them() -> None:
    assert units_of(product(), TokenUnits(65_535 * 1_000_000)) == 65_535


def sold(*starts: int) -> list[Sold]:
    return [Sold(serial, ChainTime(start)) for serial, start in enumerate(starts)]


@pytest.mark.parametrize(
    ("starts", "now", "expected"),
    [
        ((), 500, 0),
        ((100, 100), 399, 0),
        ((100, 100), 400, 2),
        ((100, 101, 102), 103, 3),
        ((100, 101, 102, 103, 104), 105, 3),
    ],
    ids=["nothing", "young", "old", "full", "more than full"],
)
def test_due_batch__by_size_or_age__counts_what_to_post(
    starts: tuple[int, ...], now: int, expected: int
) -> None:
    count = due_batch(sold(*starts), ChainTime(now), 3, Seconds(300), Seconds(0xFFFF))
    assert count == expected


def test_due_batch__starts_too_far_apart_for_a_leaf__ends_the_batch_before() -> None:
    waiting = sold(0, 65_535, 65_536)
    assert due_batch(waiting, ChainTime(70_000), 10, Seconds(1), Seconds(0xFFFF)) == 2


def test_way_of__fewer_than_the_threshold_or_never__posts() -> None:
    assert not way_of(4_999, 1_000, 5_000).committed
    assert not way_of(10**6, 1_000, 0).committed
    assert way_of(10, 1_000, 5_000).size == 1_000


def test_way_of__threshold_reached__commits_what_waits_up_to_100_000() -> None:
    assert way_of(5_000, 1_000, 5_000) == way_of(5_000, 10, 1)
    assert way_of(5_000, 1_000, 5_000).size == 5_000
    assert way_of(10**6, 1_000, 5_000).size == 100_000
