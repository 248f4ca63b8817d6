import pytest

from tests.support.cover import LOADING, RISK, SUM, TABLE, premium_of
from tests.support.reverts import reverts_with

DAY = 86_400
RATE = TABLE[2] + LOADING
PAID = 100_000_000
HALF = SUM // 2
LOSS = SUM // 20


@pytest.fixture
def reduce(book, people, n):
    def _reduce(sum_insured=HALF, loss_per_hour=LOSS, dependencies=0, by=None):
        arguments = (n(1), sum_insured, loss_per_hour, dependencies)
        return book.reduce(*arguments, {"from": by or people.alice})

    return _reduce


@pytest.fixture
def policy(bind):
    return bind(premium=PAID).timestamp


def test_reduce__by_a_stranger__is_refused(policy, reduce, people, n):
    with reverts_with("NotHolder", n(1), people.bob):
        reduce(by=people.bob)


@pytest.mark.parametrize(
    "changes",
    [{"sum_insured": SUM + 1}, {"loss_per_hour": SUM // 10 + 1}, {"dependencies": 1}],
    ids=["sum", "loss", "dependency"],
)
def test_reduce__more_of_anything__is_refused(policy, reduce, n, changes):
    with reverts_with("NotAReduction", n(1)):
        reduce(**changes)


@pytest.mark.parametrize(("sum_insured", "loss"), [(HALF, 0), (LOSS - 1, LOSS)])
def test_reduce__loss_per_hour_out_of_range__is_refused(policy, reduce, sum_insured, loss):
    with reverts_with("LossPerHourOutOfRange", loss, sum_insured):
        reduce(sum_insured, loss)


def test_reduce__at_once__and_premium_falls(policy, reduce, book, chain, neighbours, ledger, n):
    tx = reduce()
    at = tx.timestamp
    assert tx.events["PolicyEndorsed"]["at"] == at
    assert neighbours.locked() == ledger.booked(1, RISK)[0] == SUM
    chain.mine(timestamp=at + 1_000)
    assert book.coverAt(n(1), at - 1)["sumInsured"] == SUM
    after = book.coverAt(n(1), at)
    assert (after["sumInsured"], after["lossPerHour"], after["start"]) == (HALF, LOSS, policy)
    earned = premium_of(RATE * (at - policy))
    assert book.premiumAt(n(1), at + 500)[0] == earned + premium_of(RATE * 500, HALF)


def test_reduce__more_often_than_segments_are_kept__is_refused(policy, reduce, book, n):
    most = book.MAX_SEGMENTS()
    for step in range(1, most + 1):
        reduce(SUM - step, LOSS)
    with reverts_with("TooManySegments", n(1)):
        reduce(HALF, LOSS)


def test_reduce__then_expire__releases_all_that_was_booked(
    policy, reduce, book, chain, people, neighbours, ledger, n
):
    reduce()
    chain.mine(timestamp=policy + 30 * DAY + 620)
    book.expire([n(1)], {"from": people.bob})
    assert neighbours.locked() == ledger.booked(1, RISK)[0] == 0
