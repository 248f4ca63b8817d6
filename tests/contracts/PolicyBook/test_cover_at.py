import pytest

from tests.support.cover import LOADING, RATE_UNIT, RISK, SUM, TABLE, YEAR, premium_of
from tests.support.rate_path import RatePath
from tests.support.reverts import reverts_with

DAY = 86_400


@pytest.mark.parametrize("view", ["coverAt", "premiumAt"])
def test_views__unknown_policy__are_refused(n, book, view):
    with reverts_with("UnknownPolicy", n(1)):
        getattr(book, view)(n(1), 0)


def test_cover_at__in_force__names_everything_a_claim_needs(n, bind, book, people):
    start = bind().timestamp
    cover = book.coverAt(n(1), start)
    assert cover["inForce"]
    assert (cover["product"], cover["risk"]) == (1, RISK)
    assert cover["holder"] == people.alice
    assert (cover["start"], cover["end"]) == (start, start + 30 * DAY)
    assert (cover["sumInsured"], cover["lossPerHour"]) == (SUM, SUM // 10)


def test_cover_at__before_start_and_after_end__is_not_in_force(n, bind, book, chain):
    start = bind().timestamp
    assert not book.coverAt(n(1), start - 1)["inForce"]
    chain.mine(timestamp=start + 31 * DAY)
    assert book.coverAt(n(1), start + 30 * DAY - 1)["inForce"] is False
    assert not book.coverAt(n(1), start + 30 * DAY)["inForce"]


def test_cover_at__score_moved_several_times__lapses_at_the_second_a_count_gives(
    n, bind, book, chain, move
):
    funds = premium_of((TABLE[15] + LOADING) * 3_600)
    start = bind(premium=funds).timestamp
    path, rate = RatePath(RATE_UNIT, start), TABLE[2]
    for step, score in enumerate((9_000, 200, 7_000, 7_000, 4_000, 9_999, 100, 5_000)):
        chain.mine(timestamp=start + 500 * (step + 1))
        path.hold(rate, move(score).timestamp)
        rate = TABLE[min(15, score // 625)]
    path.hold(rate, start + 20_000)
    chain.mine(timestamp=start + 20_000)
    lapse, consumed = path.consumed(start, start + 20_000, LOADING, SUM, funds)
    assert start + 4_000 < lapse < start + 20_000
    assert book.coverAt(n(1), lapse - 1)["inForce"]
    assert not book.coverAt(n(1), lapse)["inForce"]
    assert book.coverAt(n(1), start)["end"] == lapse
    assert tuple(book.premiumAt(n(1), start + 20_000)) == (consumed, funds - consumed)
    for until in range(start, lapse, 613):
        _, expected = path.consumed(start, until, LOADING, SUM, funds)
        assert book.premiumAt(n(1), until)[0] == expected


def test_cover_at__funds_for_an_hour_at_the_top_rate__last_that_hour_and_little_more(
    n, bind, book, chain, move
):
    funds = premium_of((TABLE[15] + LOADING) * 3_600)
    start = bind(premium=funds).timestamp
    move(9_999)
    chain.mine(timestamp=start + 3_600)
    assert book.coverAt(n(1), start)["end"] == start + 30 * DAY
    chain.mine(timestamp=start + 4_600)
    assert start + 3_600 <= book.coverAt(n(1), start)["end"] < start + 3_700


def test_premium_at__later_than_now__is_now(n, bind, book, chain):
    start = bind().timestamp
    chain.mine(timestamp=start + 100)
    now = chain[-1].timestamp
    assert tuple(book.premiumAt(n(1), now + DAY)) == tuple(book.premiumAt(n(1), now))


def test_premium_at__over_a_lapse_and_a_second_segment__adds_both(n, bind, book, chain, people):
    notice = premium_of((TABLE[15] + LOADING) * 3_600)
    rate = TABLE[2] + LOADING
    start = bind(premium=notice).timestamp
    chain.mine(timestamp=start + 30 * 3_600)
    topped = book.topUp(n(1), notice, {"from": people.alice})
    lapse = topped.events["PolicyLapsed"]["at"]
    again = topped.timestamp
    chain.mine(timestamp=again + 777)
    first = premium_of(rate * (lapse - start))
    assert book.premiumAt(n(1), start)[0] == 0
    assert book.premiumAt(n(1), start + 1_000)[0] == premium_of(rate * 1_000)
    assert book.premiumAt(n(1), again)[0] == first
    earned, balance = book.premiumAt(n(1), again + 777)
    assert earned == first + premium_of(rate * 777)
    assert balance == 2 * notice - earned


def test_premium_at__settled__knows_the_total_only(n, bind, book, chain, people):
    start = bind(premium=10_000_000).timestamp
    chain.mine(timestamp=start + DAY)
    tx = book.cancel(n(1), {"from": people.alice})
    with reverts_with("PremiumSettled", n(1), tx.timestamp):
        book.premiumAt(n(1), start + 10)
    assert tuple(book.premiumAt(n(1), tx.timestamp)) == (10_000_000 - tx.return_value, 0)


def test_premium_at__a_year_at_one_rate__is_the_rate_times_the_sum(
    n, bind, book, products, neighbours, people, chain
):
    from tests.support.cover import pack, policy_terms

    products.register(
        policy_terms(neighbours.address, term=YEAR).args(), pack(TABLE), {"from": people.admin}
    )
    start = bind(product=2, term=YEAR, premium=2 * SUM // 10).timestamp
    chain.mine(timestamp=start + YEAR)
    assert book.premiumAt(n(1), start + YEAR)[0] == SUM * (TABLE[2] + LOADING) // 10_000
