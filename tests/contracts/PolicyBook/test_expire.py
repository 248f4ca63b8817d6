import pytest

from tests.support.cover import LOADING, RISK, SUM, TABLE, premium_of
from tests.support.reverts import reverts_with

DAY = 86_400
RATE = TABLE[2] + LOADING
TAIL = 20 + 600
NOTICE = premium_of((TABLE[15] + LOADING) * 3_600)


@pytest.fixture
def expire(book, people, n):
    def _expire(*places):
        return book.expire([n(place) for place in places], {"from": people.bob})

    return _expire


@pytest.fixture
def try_expire(book, people, n):
    """The same as a call, for policies that are refused."""

    def _try_expire(*places):
        return book.expire.call([n(place) for place in places], {"from": people.bob})

    return _try_expire


def test_expire__unknown_policy__is_refused(n, try_expire):
    with reverts_with("UnknownPolicy", n(1)):
        try_expire(1)


def test_expire__claims_may_still_be_opened__is_refused(n, bind, try_expire, chain):
    end = bind().timestamp + 30 * DAY
    chain.mine(timestamp=end + TAIL - 100)
    with reverts_with("PolicyNotEnded", n(1), end + TAIL):
        try_expire(1)


def test_expire__one_of_the_list_too_early__changes_nothing(n, bind, try_expire, chain, neighbours):
    bind(term=DAY)
    late = bind(term=10 * DAY).timestamp + 10 * DAY
    chain.mine(timestamp=chain.time() + 2 * DAY)
    with reverts_with("PolicyNotEnded", n(2), late + TAIL):
        try_expire(1, 2)
    assert neighbours.locked() == 2 * SUM


def test_expire__prepaid_to_the_end__refunds_the_rest_and_releases_everything(
    n, bind, book, coin, chain, expire, people, index, ledger, neighbours
):
    start = bind(premium=100_000_000).timestamp
    had = coin.balanceOf(people.alice)
    chain.mine(timestamp=start + 30 * DAY + TAIL)
    tx = expire(1)
    consumed = premium_of(RATE * 30 * DAY)
    assert tx.events["PolicyFinished"]["refund"] == 100_000_000 - consumed
    assert tx.events["PolicyExpired"]["policy"] == n(1)
    assert tx.events["PremiumEarned"]["amount"] == consumed
    assert coin.balanceOf(people.alice) == had + 100_000_000 - consumed
    assert coin.balanceOf(neighbours) == neighbours.collected() == consumed
    assert neighbours.locked() == 0
    assert ledger.booked(1, RISK)[0] == ledger.booked(2, 1)[0] == 0
    assert index.policiesOn(1, RISK) == 0
    assert book.released(n(1))


def test_expire__ran_out_before__ends_at_the_lapse(n, bind, book, chain, expire, coin):
    start = bind(premium=NOTICE).timestamp
    chain.mine(timestamp=start + 30 * DAY + TAIL)
    lapse = book.coverAt(n(1), start)["end"]
    events = expire(1).events
    assert events["PolicyLapsed"]["at"] == events["PolicyFinished"]["end"] == lapse
    assert coin.balanceOf(book) == 0


def test_expire__released__is_in_force_at_no_time_and_keeps_its_parties(
    n, bind, book, chain, expire, people
):
    start = bind().timestamp
    chain.mine(timestamp=start + 30 * DAY + TAIL)
    expire(1)
    cover = book.coverAt(n(1), start + 5)
    assert (cover["inForce"], cover["sumInsured"], cover["holder"]) == (False, 0, people.alice)
    with reverts_with("PolicyReleased", n(1)):
        book.premiumAt(n(1), start + 5)


def test_expire__claim_committed__keeps_that_capital_locked(
    n, bind, chain, expire, neighbours, people
):
    start = bind().timestamp
    neighbours.setCommitted(n(1), 7_000, {"from": people.admin})
    chain.mine(timestamp=start + 30 * DAY + TAIL)
    expire(1)
    assert neighbours.locked() == 7_000


def test_expire__again__is_passed_over(n, bind, chain, expire, neighbours):
    start = bind().timestamp
    bind()
    chain.mine(timestamp=start + 31 * DAY)
    expire(1)
    tx = expire(1, 1, 2)
    assert [event["policy"] for event in tx.events["PolicyExpired"]] == [n(2)]
    assert neighbours.locked() == 0


def test_expire__same_policy_twice_in_a_list__is_released_once(bind, chain, expire, neighbours):
    start = bind().timestamp
    bind(term=DAY)
    chain.mine(timestamp=start + 31 * DAY)
    expire(1, 1)
    assert neighbours.locked() == SUM


def test_expire__cancelled_policy__releases_from_its_own_end(
    n, bind, book, chain, expire, try_expire, people, neighbours
):
    bind()
    end = book.cancel(n(1), {"from": people.alice}).timestamp
    with reverts_with("PolicyNotEnded", n(1), end + TAIL):
        try_expire(1)
    chain.mine(timestamp=end + TAIL)
    assert "PolicyFinished" not in expire(1).events
    assert neighbours.locked() == 0


def test_expire__lapse_was_stored__refunds_what_it_left(n, bind, book, chain, expire, people, coin):
    start = bind(premium=NOTICE).timestamp
    chain.mine(timestamp=start + 40 * 3_600)
    book.touch(n(1), {"from": people.bob})
    left = coin.balanceOf(book)
    chain.mine(timestamp=start + 30 * DAY + TAIL)
    tx = expire(1)
    assert tx.events["PolicyFinished"]["refund"] == left > 0
    assert coin.balanceOf(book) == 0


def test_expire__dependencies__are_released(bind, chain, expire, ledger, neighbours, people):
    neighbours.setDependencyCount(2, {"from": people.admin})
    start = bind(dependencies=1 | 2 << 32).timestamp
    bind()
    chain.mine(timestamp=start + 31 * DAY)
    expire(1, 2)
    assert [ledger.booked(0, key)[0] for key in (1, 2)] == [0, 0]
    assert ledger.booked(1, RISK)[0] == ledger.booked(2, 1)[0] == 0


def test_expire__two_risks_mixed__books_each_on_its_own(
    bind, chain, expire, ledger, index, neighbours, people
):
    other = RISK + 1
    neighbours.setScore(other, 1_300, 1_300, {"from": people.admin})
    for risk in (RISK, other, RISK, RISK):
        start = bind(risk_index=risk).timestamp
    chain.mine(timestamp=start + 31 * DAY)
    expire(1, 2, 3, 4)
    assert [ledger.booked(1, risk)[0] for risk in (RISK, other)] == [0, 0]
    assert [index.policiesOn(1, risk) for risk in (RISK, other)] == [0, 0]
    assert neighbours.locked() == 0


def test_expire__one_holder_refuses__does_not_block_the_others(
    bind, book, chain, coin, expire, people
):
    start = bind().timestamp
    bind(holder=people.bob.address)
    coin.refuse(people.alice, True, {"from": people.admin})
    had = coin.balanceOf(people.bob)
    chain.mine(timestamp=start + 31 * DAY)
    tx = expire(1, 2)
    refunds = [event["refund"] for event in tx.events["PolicyFinished"]]
    assert book.stored(people.alice) == refunds[0] > 0
    assert coin.balanceOf(people.bob) == had + refunds[1]
