import pytest

from tests.support.cover import LOADING, SUM, TABLE, premium_of
from tests.support.reverts import reverts_with

DAY = 86_400
RATE = TABLE[2] + LOADING
NOTICE = premium_of((TABLE[15] + LOADING) * 3_600)


def lapse_of(start, funds):
    """Last second that `funds` pay at the usual rate."""
    second = start
    while premium_of(RATE * (second + 1 - start)) <= funds:
        second += 1
    return second


@pytest.fixture
def lapsed(bind, chain):
    """A policy whose notice premium ran out an hour ago; (start, second of the lapse)."""
    start = bind(premium=NOTICE).timestamp
    lapse = lapse_of(start, NOTICE)
    chain.mine(timestamp=lapse + 3_600)
    return start, lapse


def test_top_up__unknown_policy__is_refused(n, book, people):
    with reverts_with("UnknownPolicy", n(1)):
        book.topUp.call(n(1), 1, {"from": people.alice})


def test_top_up__ended_policy__is_refused(n, bind, book, chain, people):
    end = bind().timestamp + 30 * DAY
    chain.mine(timestamp=end)
    with reverts_with("PolicyNotInForce", n(1)):
        book.topUp.call(n(1), 1, {"from": people.alice})


def test_top_up__cancelled_policy__is_refused(n, bind, book, people):
    bind()
    book.cancel(n(1), {"from": people.alice})
    with reverts_with("PolicyNotInForce", n(1)):
        book.topUp.call(n(1), 1, {"from": people.alice})


def test_top_up__after_a_lapse_with_less_than_notice__is_refused(n, lapsed, book, people):
    with reverts_with("PremiumTooLow", ..., NOTICE):
        book.topUp.call(n(1), NOTICE // 2, {"from": people.alice})


def test_top_up__policy_in_force__adds_to_the_balance_and_keeps_the_segment(
    n, bind, book, coin, chain, people
):
    start = bind(premium=NOTICE).timestamp
    chain.mine(timestamp=start + 600)
    tx = book.topUp(n(1), 1_000_000, {"from": people.platform})
    consumed = premium_of(RATE * (tx.timestamp - start))
    event = tx.events["PolicyToppedUp"]
    assert event["payer"] == people.platform
    assert event["balance"] == NOTICE + 1_000_000 - consumed
    assert not event["newSegment"]
    assert tx.events["PremiumEarned"]["amount"] == consumed
    assert book.coverAt(n(1), tx.timestamp)["start"] == start
    assert coin.balanceOf(book) == NOTICE + 1_000_000 - consumed


def test_top_up__after_a_lapse__opens_a_segment_with_a_fresh_start(n, lapsed, book, people):
    start, lapse = lapsed
    tx = book.topUp(n(1), NOTICE, {"from": people.alice})
    assert tx.events["PolicyLapsed"]["at"] == lapse
    assert tx.events["PolicyToppedUp"]["newSegment"]
    cover = book.coverAt(n(1), tx.timestamp)
    assert (cover["inForce"], cover["start"]) == (True, tx.timestamp)
    assert cover["end"] == start + 30 * DAY
    assert not book.coverAt(n(1), lapse)["inForce"]
    assert not book.coverAt(n(1), tx.timestamp - 1)["inForce"]
    before = book.coverAt(n(1), lapse - 1)
    assert (before["inForce"], before["start"], before["end"]) == (True, start, lapse)


def test_top_up__after_a_stored_lapse__is_the_same(n, lapsed, book, people, chain):
    _, lapse = lapsed
    touched = book.touch(n(1), {"from": people.bob})
    assert touched.events["PolicyLapsed"]["at"] == lapse
    left = NOTICE - touched.events["PremiumEarned"]["amount"]
    tx = book.topUp(n(1), NOTICE, {"from": people.alice})
    assert "PolicyLapsed" not in tx.events
    assert tx.events["PolicyToppedUp"]["balance"] == NOTICE + left
    assert book.coverAt(n(1), tx.timestamp)["start"] == tx.timestamp
    assert book.coverAt(n(1), lapse - 1)["inForce"]


def test_top_up__two_lapses__each_segment_is_remembered(n, lapsed, book, people, chain):
    start, first = lapsed
    again = book.topUp(n(1), NOTICE, {"from": people.alice}).timestamp
    chain.mine(timestamp=again + 60 * 3_600)
    third = book.topUp(n(1), 5 * NOTICE, {"from": people.alice})
    second = third.events["PolicyLapsed"]["at"]
    spans = [(start, first), (again, second), (third.timestamp, start + 30 * DAY)]
    for begin, end in spans:
        cover = book.coverAt(n(1), begin)
        assert (cover["inForce"], cover["start"], cover["end"]) == (True, begin, end)
    for outside in (start - 1, first, again - 1, second, third.timestamp - 1):
        assert not book.coverAt(n(1), outside)["inForce"]
    assert book.coverAt(n(1), begin)["sumInsured"] == SUM
