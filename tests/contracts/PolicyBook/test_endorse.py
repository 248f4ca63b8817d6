import pytest

from tests.support.cover import (
    LOADING,
    RATE_UNIT,
    RISK,
    SUM,
    TABLE,
    pack,
    policy_terms,
    premium_of,
    quote_args,
)
from tests.support.reverts import reverts_with

DAY = 86_400
DELAY = 60
RATE = TABLE[2] + LOADING
PAID = 100_000_000
MORE = 2 * SUM


@pytest.fixture
def endorse(book, underwriter, people, n):
    """Takes up the usual quote with some fields changed, for the first policy of a test."""

    def _endorse(by=None, **changes):
        quote = underwriter.quote(**changes)
        arguments = (n(1), quote_args(quote), underwriter.sign(quote))
        return book.endorse(*arguments, {"from": by or people.alice})

    return _endorse


@pytest.fixture
def try_endorse(book, underwriter, people, n):
    """The same as a call, for quotes that are refused."""

    def _try_endorse(by=None, **changes):
        quote = underwriter.quote(**changes)
        arguments = (n(1), quote_args(quote), underwriter.sign(quote))
        return book.endorse.call(*arguments, {"from": by or people.alice})

    return _try_endorse


@pytest.fixture
def policy(bind):
    return bind(premium=PAID).timestamp


def test_endorse__by_a_stranger__is_refused(policy, try_endorse, people, n):
    with reverts_with("NotHolder", n(1), people.bob):
        try_endorse(by=people.bob)


def test_endorse__quote_of_another_holder_or_risk__is_refused(policy, try_endorse, people, n):
    for changes in ({"holder": people.bob.address}, {"risk_index": RISK + 1}):
        with reverts_with("QuoteOfAnother", n(1)):
            try_endorse(**changes)


def test_endorse__quote_used_for_a_policy__is_refused(book, underwriter, people):
    quote = underwriter.quote()
    signed = underwriter.sign(quote)
    tx = book.bind(quote_args(quote), signed, PAID, {"from": people.alice})
    policy = tx.events["PolicyBound"]["policy"]
    with reverts_with("QuoteUsed", underwriter.digest(quote)):
        book.endorse.call(policy, quote_args(quote), signed, {"from": people.alice})


def test_endorse__quote_used_once__is_used_up(policy, book, underwriter, people, chain, n):
    quote = underwriter.quote(sum_insured=MORE)
    signed = underwriter.sign(quote)
    book.endorse(n(1), quote_args(quote), signed, {"from": people.alice})
    chain.mine(timestamp=policy + 1_000)
    for call in (
        lambda: book.endorse.call(n(1), quote_args(quote), signed, {"from": people.alice}),
        lambda: book.bind.call(quote_args(quote), signed, PAID, {"from": people.alice}),
    ):
        with reverts_with("QuoteUsed", underwriter.digest(quote)):
            call()


def test_endorse__while_another_waits__is_refused(policy, endorse, try_endorse, n):
    at = endorse(sum_insured=MORE).events["PolicyEndorsed"]["at"]
    with reverts_with("EndorsementPending", n(1), at):
        try_endorse()


def test_endorse__balance_below_notice_for_the_new_sum__is_refused(bind, try_endorse, n):
    bind(premium=200_000)
    with reverts_with("PremiumTooLow", ..., ...):
        try_endorse(sum_insured=100 * SUM)


def test_endorse__lapsed__is_refused(bind, try_endorse, chain, n):
    start = bind(premium=premium_of((TABLE[15] + LOADING) * 3_600)).timestamp
    chain.mine(timestamp=start + 20 * DAY)
    with reverts_with("PolicyNotInForce", n(1)):
        try_endorse()


def test_endorse__acting_only_after_the_end__is_refused(bind, try_endorse, chain, n):
    start = bind(premium=PAID, term=DAY).timestamp
    chain.mine(timestamp=start + DAY - DELAY + 20)
    with reverts_with("PolicyNotInForce", n(1)):
        try_endorse(term=DAY)


def test_endorse__dependencies_beyond_four_in_all__are_refused(
    bind, try_endorse, neighbours, people
):
    neighbours.setDependencyCount(8, {"from": people.admin})
    first, second = 1 | 2 << 32 | 3 << 64, 4 | 5 << 32
    bind(premium=PAID, dependencies=first)
    with reverts_with("TooManyDependencies", first, second):
        try_endorse(dependencies=second)


def test_endorse__more_cover__books_at_once_and_acts_after_the_delay(
    policy, endorse, book, ledger, neighbours, chain, n
):
    price = {
        "rate": (TABLE[2] + 30) * RATE_UNIT,
        "rate_ceiling": (TABLE[15] + 30) * RATE_UNIT,
    }
    tx = endorse(sum_insured=MORE, loss_per_hour=SUM // 5, **price)
    event = tx.events["PolicyEndorsed"]
    at = tx.timestamp + DELAY
    assert (event["at"], event["sumInsured"], event["loading"]) == (at, MORE, 30 * RATE_UNIT)
    assert neighbours.locked() == ledger.booked(1, RISK)[0] == ledger.booked(2, 1)[0] == MORE
    chain.mine(timestamp=at + 1_000)
    before, after = book.coverAt(n(1), at - 1), book.coverAt(n(1), at)
    assert (before["sumInsured"], before["lossPerHour"]) == (SUM, SUM // 10)
    assert (after["sumInsured"], after["lossPerHour"]) == (MORE, SUM // 5)
    assert before["start"] == after["start"] == policy
    assert before["inForce"] and after["inForce"]
    earned = premium_of(RATE * (at - policy))
    assert book.premiumAt(n(1), at)[0] == earned
    grown = premium_of((TABLE[2] + 30) * 500, MORE)
    assert tuple(book.premiumAt(n(1), at + 500)) == (earned + grown, PAID - earned - grown)


def test_endorse__whoever_touches_when__changes_no_answer(
    policy, endorse, book, chain, people, move, n
):
    at = endorse(sum_insured=MORE).events["PolicyEndorsed"]["at"]
    chain.mine(timestamp=at + 100)
    move(9_000)
    chain.mine(timestamp=at + 5_000)
    times = [policy - 1, policy, at - 1, at, at + 99, at + 101, at + 4_000]
    covers = [tuple(book.coverAt(n(1), t)) for t in times]
    premiums = [tuple(book.premiumAt(n(1), t)) for t in times]
    book.touch(n(1), {"from": people.bob})
    assert [tuple(book.coverAt(n(1), t)) for t in times] == covers
    assert [tuple(book.premiumAt(n(1), t)) for t in times] == premiums


def test_endorse__lapse_before_it_acts__never_acts(
    bind, endorse, book, chain, n, products, neighbours, people
):
    terms = policy_terms(neighbours.address, increase_delay=18_000)
    products.register(terms.args(), pack(TABLE), {"from": people.admin})
    funds = premium_of((TABLE[15] + LOADING) * 3_600, MORE)
    start = bind(premium=funds, product=2, sum_insured=MORE).timestamp
    at = endorse(product=2, sum_insured=SUM).events["PolicyEndorsed"]["at"]
    chain.mine(timestamp=at + 1_000)
    lapse = book.coverAt(n(1), start)["end"]
    assert start + 14_000 < lapse < at
    assert not book.coverAt(n(1), at)["inForce"]
    book.touch(n(1), {"from": people.bob})
    book.topUp(n(1), PAID, {"from": people.alice})
    assert book.coverAt(n(1), chain[-1].timestamp)["sumInsured"] == MORE


def test_endorse__preview__is_a_call_that_says_when_it_acts(policy, try_endorse, endorse, chain):
    previewed = try_endorse(sum_insured=MORE)
    acted = endorse(sum_insured=MORE)
    assert acted.events["PolicyEndorsed"]["at"] - acted.timestamp == DELAY
    assert abs(previewed - acted.events["PolicyEndorsed"]["at"]) <= 60


def test_endorse__then_expire__releases_the_most_that_was_booked(
    policy, endorse, book, ledger, neighbours, chain, people, n
):
    neighbours.setDependencyCount(2, {"from": people.admin})
    endorse(sum_insured=MORE, dependencies=2)
    assert ledger.booked(0, 2)[0] == MORE
    chain.mine(timestamp=policy + 30 * DAY + 620)
    tx = book.expire([n(1)], {"from": people.bob})
    assert tx.events["PolicyFinished"]["refund"] > 0
    assert neighbours.locked() == ledger.booked(0, 2)[0] == ledger.booked(1, RISK)[0] == 0


def test_endorse__acted__then_cancel__pays_what_the_preview_says(
    policy, endorse, book, coin, chain, people, n
):
    endorse(sum_insured=MORE)
    chain.mine(timestamp=policy + DAY)
    had = coin.balanceOf(people.alice)
    tx = book.cancel(n(1), {"from": people.alice})
    acts = tx.timestamp
    spent = book.premiumAt(n(1), acts)[0]
    assert (
        tx.events["PolicyCancelled"]["refund"] == PAID - spent == coin.balanceOf(people.alice) - had
    )
