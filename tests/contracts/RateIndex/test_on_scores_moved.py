from tests.support.cover import RATE_UNIT, TABLE
from tests.support.reverts import reverts_with


def lane(word, risk):
    return (word >> (16 * (risk % 16))) & 0xFFFF


def test_on_scores_moved__anyone_but_the_feed__is_refused(index, accounts):
    with reverts_with("OnlyRiskFeed", accounts[4]):
        index.onScoresMoved.call(0, 0, 0xFFFF, {"from": accounts[4]})


def test_on_scores_moved__risk_without_cover__does_nothing(move, enter):
    enter(1, 3)
    assert "RateReset" not in move({2: 9_000, 4: 9_000}).events


def test_on_scores_moved__same_tier__writes_nothing(move, enter):
    enter(1, 3)
    assert "RateReset" not in move({3: 624}).events


def test_on_scores_moved__tier_changes__names_old_and_new_rate(index, move, enter):
    enter(1, 3)
    event = move({3: 5_000}).events["RateReset"]
    assert (event["product"], event["firstRisk"], event["lanes"]) == (1, 0, 1 << 3)
    assert lane(event["ratesBefore"], 3) == TABLE[0]
    assert lane(event["ratesAfter"], 3) == TABLE[8]
    assert index.rateOf(1, 3) == TABLE[8] * RATE_UNIT


def test_on_scores_moved__several_risks__are_one_event_for_each_product(index, move, enter):
    for risk in (32, 33, 40, 47):
        enter(1, risk)
    enter(2, 40)
    events = move({32: 700, 33: 1_300, 40: 100, 47: 10_000}).events["RateReset"]
    assert events["product"] == 1
    assert events["firstRisk"] == 32
    assert events["lanes"] == (1 << 0) | (1 << 1) | (1 << 15)
    assert [lane(events["ratesAfter"], r) for r in (32, 33, 40, 47)] == [
        TABLE[1],
        TABLE[2],
        0,
        TABLE[15],
    ]
    both = move({40: 5_000}).events["RateReset"]
    assert {e["product"] for e in both} == {1, 2}


def test_on_scores_moved__prices_later_seconds_only(index, move, enter, chain):
    start = enter(1, 3).timestamp
    chain.mine(timestamp=start + 100)
    reset = move({3: 10_000}).timestamp
    chain.mine(timestamp=reset + 100)
    before = (reset - start) * TABLE[0]
    assert index.indexAt(1, 3, reset) == before * RATE_UNIT
    assert index.indexAt(1, 3, reset + 100) == (before + 100 * TABLE[15]) * RATE_UNIT
    assert index.indexAt(1, 3, start + 40) == 40 * TABLE[0] * RATE_UNIT
