from tests.support.capital import EPOCH, UNIT, pay_premium, request_deposit
from tests.support.reverts import reverts_with


def test_request_deposit__for_another__is_refused(funded, junior, people):
    with reverts_with("NotOwner", people.ada, people.eve):
        junior.requestDeposit(UNIT, people.eve, people.ada, {"from": people.eve})
    with reverts_with("NotOwner", people.ada, people.eve):
        junior.requestDeposit(UNIT, people.ada, people.eve, {"from": people.eve})


def test_request_deposit__of_nothing__is_refused(funded, junior, people):
    with reverts_with("NothingRequested"):
        junior.requestDeposit(0, people.eve, people.eve, {"from": people.eve})


def test_request_deposit__while_one_waits__is_refused(funded, token, junior, people):
    request_deposit(token, junior, people.eve, 5 * UNIT)
    with reverts_with("RequestPending", people.eve, 5 * UNIT):
        junior.requestDeposit(UNIT, people.eve, people.eve, {"from": people.eve})


def test_request_deposit__younger_than_an_epoch__waits_for_the_next(
    funded, token, junior, people, chain
):
    chain.sleep(EPOCH)
    request_deposit(token, junior, people.eve, 5 * UNIT)
    funded.settleEpoch({"from": people.eve})
    assert junior.pendingDepositRequest(0, people.eve) == 5 * UNIT
    assert junior.claimableDepositRequest(0, people.eve) == 0
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})
    assert junior.pendingDepositRequest(0, people.eve) == 0
    assert junior.claimableDepositRequest(0, people.eve) == 5 * UNIT


def test_request_deposit__waiting__is_no_capital(funded, token, junior, people):
    request_deposit(token, junior, people.eve, 5 * UNIT)
    assert funded.assets() == 4_000 * UNIT
    assert junior.totalAssets() == 1_000 * UNIT
    assert junior.pendingTotals()[0] == 5 * UNIT


def test_request_deposit__then_premium__pays_the_price_after_it(
    funded, token, junior, people, chain
):
    request_deposit(token, junior, people.eve, 1_000 * UNIT)
    chain.sleep(EPOCH)
    pay_premium(token, funded, people.policy_book, 1_000 * UNIT)
    funded.settleEpoch({"from": people.eve})
    junior.deposit(1_000 * UNIT, people.eve, {"from": people.eve})
    assert junior.convertToAssets(junior.balanceOf(people.ada)) >= 1_359 * UNIT
    assert junior.convertToAssets(junior.balanceOf(people.eve)) <= 1_000 * UNIT
