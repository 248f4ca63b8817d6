from tests.support.capital import UNIT, ints, pay_premium
from tests.support.reverts import reverts_with


def test_withdraw_fees__anyone_but_the_treasurer__is_refused(funded, people):
    for caller in (people.eve, people.claims_desk, people.policy_book):
        with reverts_with("AccessManagedUnauthorized", caller):
            funded.withdrawFees(caller, {"from": caller})


def test_withdraw_fees__treasurer__gets_fees_and_no_capital(funded, token, people, accounts):
    pay_premium(token, funded, people.policy_book, 100 * UNIT)
    funded.withdrawFees(accounts[12], {"from": people.treasurer})
    assert token.balanceOf(accounts[12]) == 10 * UNIT
    assert funded.fees() == 0
    assert funded.assets() == 4_090 * UNIT
    assert ints(funded.solvency()) == (4_090 * UNIT, 4_090 * UNIT)
