"""What `report` tells the rate index."""

import pytest

from tests.support.reverts import reverts_with

PAGE = 256


@pytest.fixture
def cover(index, feed, accounts):
    """Tells the feed, as the rate index does, whether a group has streamed cover."""

    def _cover(group, covered=True):
        index.cover(feed, group, covered, {"from": accounts[0]})

    return _cover


def told(transaction):
    if "Told" not in transaction.events:
        return []
    return [(e["group"], e["scores"], e["movedLanes"]) for e in transaction.events["Told"]]


def lanes_lowest_first(scores):
    return sum(score << (16 * i) for i, score in enumerate(scores))


def test_reprice__nobody_covered__is_silent(reporter):
    reporter.report([3_000] * 16)
    assert told(reporter.report([3_100] * 16)) == []


def test_set_covered__anyone_but_the_rate_index__is_refused(feed, accounts):
    with reverts_with("OnlyRateIndex", accounts[1]):
        feed.setCovered.call(0, True, {"from": accounts[1]})


def test_reprice__covered_group_in_which_nothing_moved__is_silent(reporter, cover):
    cover(0)
    reporter.report([3_000] * 17)
    assert told(reporter.report([3_000] * 16 + [3_100])) == []


def test_reprice__group_no_longer_covered__is_silent(reporter, cover):
    cover(0)
    cover(1)
    cover(0, False)
    reporter.report([3_000] * 32)
    found = told(reporter.report([3_100] * 32))
    assert [group for group, _, _ in found] == [1]


def test_reprice__risks_of_a_covered_group_that_moved__are_told_lane_zero_lowest(reporter, cover):
    cover(0)
    reporter.report([3_000 + i for i in range(16)])
    moved = [3_100, 3_001, 3_002, 3_103, 3_004, 3_105, 3_106, *[3_007 + i for i in range(9)]]
    assert told(reporter.report(moved)) == [(0, lanes_lowest_first(moved), 0b0110_1001)]


def test_reprice__first_score_of_a_covered_group__is_told(reporter, cover):
    cover(0)
    expected = [3_000, *[0xFFFF] * 15]
    assert told(reporter.report([3_000])) == [(0, lanes_lowest_first(expected), 1)]


def test_reprice__several_groups__tells_only_those_with_cover(reporter, cover):
    cover(17)
    cover(31)
    reporter.report([3_000] * PAGE, first_risk=PAGE)
    found = told(reporter.report([3_100] * PAGE, first_risk=PAGE))
    assert [(group, moved) for group, _, moved in found] == [(17, 0xFFFF), (31, 0xFFFF)]


@pytest.mark.parametrize("first_risk", [240, 496])
def test_reprice__last_group_of_a_page__is_found(reporter, cover, first_risk):
    cover(first_risk // 16)
    reporter.report([3_000] * 16, first_risk=first_risk)
    found = told(reporter.report([3_100] * 16, first_risk=first_risk))
    assert [(group, moved) for group, _, moved in found] == [(first_risk // 16, 0xFFFF)]
