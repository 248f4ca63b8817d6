from tests.support.cover import LOADING, TABLE, premium_of
from tests.support.reverts import reverts_with

RATE = TABLE[2] + LOADING


def test_touch__unknown_policy__is_refused(n, book, people):
    with reverts_with("UnknownPolicy", n(1)):
        book.touch.call(n(1), {"from": people.bob})


def test_touch__in_force__moves_what_was_consumed_to_the_cell(
    n, bind, book, coin, chain, people, neighbours
):
    start = bind().timestamp
    chain.mine(timestamp=start + 1_000)
    first = book.touch(n(1), {"from": people.bob})
    chain.mine(timestamp=start + 3_000)
    second = book.touch(n(1), {"from": people.bob})
    total = premium_of(RATE * (second.timestamp - start))
    earned = [tx.events["PremiumEarned"] for tx in (first, second)]
    assert sum(event["amount"] for event in earned) == total
    assert earned[1]["until"] == second.timestamp
    assert coin.balanceOf(neighbours) == neighbours.collected() == total


def test_touch__often__rounds_up_once(n, bind, book, chain, people, neighbours):
    start = bind().timestamp
    for step in range(5):
        chain.mine(timestamp=start + 7 * (step + 1))
        last = book.touch(n(1), {"from": people.bob})
    assert neighbours.collected() == premium_of(RATE * (last.timestamp - start))


def test_touch__lapsed__stores_the_true_second_once(n, bind, book, chain, people):
    funds = premium_of((TABLE[15] + LOADING) * 3_600)
    start = bind(premium=funds).timestamp
    chain.mine(timestamp=start + 30 * 3_600)
    late = book.touch(n(1), {"from": people.bob})
    at = late.events["PolicyLapsed"]["at"]
    assert premium_of(RATE * (at - start)) <= funds < premium_of(RATE * (at + 1 - start))
    again = book.touch(n(1), {"from": people.bob})
    assert "PolicyLapsed" not in again.events
    assert "PremiumEarned" not in again.events


def test_touch__whenever__leaves_cover_and_premium_as_they_are(n, bind, book, chain, people, move):
    funds = premium_of((TABLE[15] + LOADING) * 3_600)
    start = bind(premium=funds).timestamp
    chain.mine(timestamp=start + 1_000)
    book.touch(n(1), {"from": people.bob})
    chain.mine(timestamp=start + 2_000)
    move(9_999)
    chain.mine(timestamp=start + 9_000)
    times = range(start - 500, start + 9_000, 250)
    before = [tuple(book.coverAt(n(1), t)) for t in times]
    premiums = [tuple(book.premiumAt(n(1), t)) for t in times]
    assert {cover[0] for cover in before} == {True, False}
    book.touch(n(1), {"from": people.bob})
    assert [tuple(book.coverAt(n(1), t)) for t in times] == before
    assert [tuple(book.premiumAt(n(1), t)) for t in times] == premiums


def test_touch__settled_policy__does_nothing(n, bind, book, people):
    bind()
    book.cancel(n(1), {"from": people.alice})
    assert not book.touch(n(1), {"from": people.bob}).events
