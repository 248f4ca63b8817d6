"""The closed form against a model that counts every second, over paths longer than one strip."""

import random

import pytest

from tests.support.cover import RATE_UNIT, TABLE, YEAR
from tests.support.rate_path import RatePath

LOADING = 37
SUM = 9_000_000_007


@pytest.fixture(scope="module")
def walk(index, enter, move, chain):
    """Fourteen resets of risk 3, some together with its neighbour, one after a pause of 70,000 s.

    Gives the model of the path and the times of the resets.
    """
    draw = random.Random(7)
    enter(1, 2)
    entered = enter(1, 3)
    path = RatePath(RATE_UNIT, entered.timestamp, entered.return_value)
    rate, resets = TABLE[0], []
    for step in range(14):
        pause = 70_000 if step == 6 else draw.randrange(1, 400)
        chain.mine(timestamp=chain[-1].timestamp + pause)
        score = draw.randrange(0, 10_001)
        moved = move({2: draw.randrange(0, 10_001), 3: score} if step % 3 else {3: score})
        path.hold(rate, moved.timestamp)
        rate = TABLE[min(15, score // 625)]
        resets.append(moved.timestamp)
    chain.mine(timestamp=chain[-1].timestamp + 300)
    path.hold(rate, chain[-1].timestamp)
    return path, resets


def probes(start, end, resets):
    """Moments at, just before and between the resets."""
    times = {start, end, *(time + offset for time in resets for offset in (-1, 0, 1, 97))}
    return sorted(t for t in times if start <= t <= end)


def end_of(path):
    return path.start + len(path.rates)


def ask(index, question, until):
    return tuple(index.consumed(question, until))[:2]


def stream(path, funds, begin=None):
    begin = begin or path.start
    return (1, 3, begin, path.index_at(begin), LOADING, SUM, funds)


def test_consumed__enough_funds__is_the_sum_over_all_seconds(index, walk):
    path, resets = walk
    start, end = path.start, end_of(path)
    for until in probes(start, end, resets):
        growth = path.growth(start, until, LOADING) * RATE_UNIT
        premium = -(-SUM * growth // (10**18 * YEAR))
        assert ask(index, stream(path, 2**55), until) == (until, premium)


def test_consumed__funds_run_out_anywhere__stops_at_the_last_second_they_pay(index, walk):
    path, _ = walk
    start, end = path.start, end_of(path)
    _, total = path.consumed(start, end, LOADING, SUM, 2**55)
    for share in range(20):
        funds = total * share // 20
        expected = path.consumed(start, end, LOADING, SUM, funds)
        assert ask(index, stream(path, funds), end) == expected
        assert expected[1] <= funds


def test_consumed__asked_earlier_than_the_lapse__is_the_same_as_without_it(index, walk):
    path, resets = walk
    start, end = path.start, end_of(path)
    _, total = path.consumed(start, end, LOADING, SUM, 2**55)
    stop, _ = path.consumed(start, end, LOADING, SUM, total // 2)
    for until in probes(start, stop, resets):
        assert ask(index, stream(path, total // 2), until) == ask(index, stream(path, 2**55), until)


def test_consumed__one_unit_either_side_of_a_second__moves_the_lapse_by_that_second(index, walk):
    path, resets = walk
    start, end = path.start, end_of(path)
    second = resets[5] + 3
    exact = SUM * path.growth(start, second, LOADING) * RATE_UNIT
    needed = -(-exact // (10**18 * YEAR))
    assert ask(index, stream(path, needed), end)[0] >= second
    assert ask(index, stream(path, needed - 1), end)[0] < second


def test_consumed__stream_that_began_later__counts_from_its_own_second(index, walk):
    path, resets = walk
    end = end_of(path)
    begin = resets[4] + 1
    assert index.indexAt(1, 3, begin) == path.index_at(begin) * RATE_UNIT
    _, total = path.consumed(begin, end, LOADING, SUM, 2**55)
    for funds in (2**55, total // 3, 1, 0):
        expected = path.consumed(begin, end, LOADING, SUM, funds)
        assert ask(index, stream(path, funds, begin), end) == expected


def test_consumed__answers_do_not_change_when_the_path_goes_on(
    index, walk, enter, leave, move, chain
):
    path, _ = walk
    start, end = path.start, end_of(path)
    _, total = path.consumed(start, end, LOADING, SUM, 2**55)
    asked = [(stream(path, total * share // 5), end) for share in range(6)]
    before = [ask(index, *question) for question in asked]
    for step in range(6):
        chain.mine(timestamp=chain[-1].timestamp + 20)
        move({3: 1_000 + 900 * step})
    enter(1, 3)
    leave(1, 2)
    assert [ask(index, *question) for question in asked] == before
