import pytest

from tests.support.cover import LOADING, SUM, TABLE, premium_of
from tests.support.reverts import reverts_with

DAY = 86_400
TERM = 30 * DAY
RATE = TABLE[2] + LOADING
NOTICE = premium_of((TABLE[15] + LOADING) * 3_600)
PAID = 100_000_000


@pytest.fixture
def finish(book, people, n):
    def _finish(*places):
        return book.finish([n(place) for place in places], {"from": people.bob})

    return _finish


def test_finish__unknown_policy__is_refused(n, book, people):
    with reverts_with("UnknownPolicy", n(1)):
        book.finish.call([n(1)], {"from": people.bob})


def test_finish__before_the_end__is_refused(n, bind, book, people):
    end = bind().timestamp + TERM
    with reverts_with("PolicyNotEnded", n(1), end):
        book.finish.call([n(1)], {"from": people.bob})


def test_finish__at_the_end__refunds_at_once_and_keeps_what_claims_need(
    n, bind, book, coin, chain, finish, people, index, ledger, neighbours
):
    start = bind(premium=PAID).timestamp
    had = coin.balanceOf(people.alice)
    chain.mine(timestamp=start + TERM)
    tx = finish(1)
    consumed = premium_of(RATE * TERM)
    assert tx.events["PolicyFinished"] == {
        "policy": n(1), "refund": PAID - consumed, "end": start + TERM
    }  # fmt: skip
    assert coin.balanceOf(people.alice) == had + PAID - consumed
    assert coin.balanceOf(neighbours) == neighbours.collected() == consumed
    assert index.policiesOn(1, 5) == 0
    assert neighbours.locked() == ledger.booked(2, 1)[0] == SUM
    assert book.coverAt(n(1), start + TERM - 1)["inForce"]
    assert tuple(book.premiumAt(n(1), start + TERM)) == (consumed, 0)


def test_finish__again_or_cancelled__is_passed_over(n, bind, book, coin, chain, finish, people):
    start = bind(premium=PAID).timestamp
    bind(premium=PAID)
    book.cancel(n(2), {"from": people.alice})
    chain.mine(timestamp=start + TERM)
    assert [e["policy"] for e in finish(1, 2, 1).events["PolicyFinished"]] == [n(1)]
    assert coin.balanceOf(book) == 0
    assert not finish(1, 2).events


def test_finish__lapsed_before__ends_at_the_lapse(n, bind, book, chain, finish):
    start = bind(premium=NOTICE).timestamp
    chain.mine(timestamp=start + TERM)
    lapse = book.coverAt(n(1), start)["end"]
    events = finish(1).events
    assert events["PolicyFinished"]["end"] == events["PolicyLapsed"]["at"] == lapse < start + TERM
    assert book.coverAt(n(1), lapse - 1)["inForce"]
    assert not book.coverAt(n(1), lapse)["inForce"]


def test_finish__then_expire__releases_without_moving_money(
    n, bind, book, coin, chain, finish, people, neighbours, ledger
):
    start = bind(premium=PAID).timestamp
    chain.mine(timestamp=start + TERM)
    finish(1)
    with reverts_with("PolicyNotEnded", n(1), start + TERM + 620):
        book.expire.call([n(1)], {"from": people.bob})
    chain.mine(timestamp=start + TERM + 620)
    tx = book.expire([n(1)], {"from": people.bob})
    assert "Transfer" not in tx.events
    assert neighbours.locked() == ledger.booked(2, 1)[0] == 0
    assert not finish(1).events


def test_finish__holder_that_cannot_receive__blocks_nobody(
    n, bind, book, coin, chain, finish, people
):
    start = bind(premium=PAID).timestamp
    bind(premium=PAID, holder=people.bob.address)
    coin.refuse(people.alice, True, {"from": people.admin})
    chain.mine(timestamp=start + TERM + 60)
    tx = finish(1, 2)
    left = PAID - premium_of(RATE * TERM)
    assert tx.events["RefundStored"] == {"holder": people.alice, "amount": left}
    assert book.stored(people.alice) == left
