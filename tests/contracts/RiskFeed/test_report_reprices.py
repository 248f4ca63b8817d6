"""What `report` tells the rate index."""

import pytest

PAGE = 256


def told(transaction):
    if "Told" not in transaction.events:
        return []
    return [(e["group"], e["scores"], e["movedLanes"]) for e in transaction.events["Told"]]


def lanes_lowest_first(scores):
    return sum(score << (16 * i) for i, score in enumerate(scores))


def test_reprice__nobody_covered__is_silent(reporter, index):
    reporter.report([3_000] * 16)
    assert told(reporter.report([3_100] * 16)) == []


def test_reprice__covered_risk_that_did_not_move__is_silent(reporter, index, accounts):
    index.cover(0, 1 << 3, {"from": accounts[0]})
    reporter.report([3_000] * 16)
    assert told(reporter.report([3_100] * 3 + [3_000] * 13)) == []


def test_reprice__covered_risks_that_moved__are_told_lane_zero_lowest(reporter, index, accounts):
    index.cover(0, 0b1010_1001, {"from": accounts[0]})
    reporter.report([3_000 + i for i in range(16)])
    moved = [3_100, 3_001, 3_002, 3_103, 3_004, 3_105, 3_106, *[3_007 + i for i in range(9)]]
    assert told(reporter.report(moved)) == [(0, lanes_lowest_first(moved), 0b0010_1001)]


def test_reprice__first_score_of_a_covered_risk__is_told(reporter, index, accounts):
    index.cover(0, 1, {"from": accounts[0]})
    expected = [3_000, *[0xFFFF] * 15]
    assert told(reporter.report([3_000])) == [(0, lanes_lowest_first(expected), 1)]


def test_reprice__several_groups__tells_only_those_with_cover(reporter, index, accounts):
    index.cover(1, 1 << 16 | 1 << 255, {"from": accounts[0]})
    reporter.report([3_000] * PAGE, first_risk=PAGE)
    found = told(reporter.report([3_100] * PAGE, first_risk=PAGE))
    assert [(group, moved) for group, _, moved in found] == [(17, 1), (31, 1 << 15)]


@pytest.mark.parametrize("first_risk", [240, 496])
def test_reprice__last_group_of_a_page__is_found(reporter, index, accounts, first_risk):
    index.cover(first_risk // PAGE, 1 << 247, {"from": accounts[0]})
    reporter.report([3_000] * 16, first_risk=first_risk)
    found = told(reporter.report([3_100] * 16, first_risk=first_risk))
    assert [(group, moved) for group, _, moved in found] == [(first_risk // 16, 1 << 7)]
