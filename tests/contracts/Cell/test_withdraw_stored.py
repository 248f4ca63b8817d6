import pytest

from tests.support.capital import UNIT, ints
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def stored(funded, token, people):
    funded.lock(10 * UNIT, {"from": people.policy_book})
    token.refuse(people.eve, True, {"from": people.admin})
    funded.pay(people.eve, 10 * UNIT, {"from": people.claims_desk})
    return funded


def test_withdraw_stored__nothing_stored__is_refused(stored, people):
    with reverts_with("NothingStored", people.ada):
        stored.withdrawStored({"from": people.ada})


def test_withdraw_stored__still_refused_by_the_token__keeps_the_claim(stored, people):
    with reverts_with("Refused", people.eve):
        stored.withdrawStored({"from": people.eve})
    assert stored.stored(people.eve) == 10 * UNIT


def test_withdraw_stored__accepted_again__pays_once(stored, token, people):
    token.refuse(people.eve, False, {"from": people.admin})
    stored.withdrawStored({"from": people.eve})
    assert token.balanceOf(people.eve) == 10 * UNIT
    with reverts_with("NothingStored", people.eve):
        stored.withdrawStored({"from": people.eve})
    assert ints(stored.solvency()) == (3_990 * UNIT, 3_990 * UNIT)
