"""deposit, mint, redeem and withdraw collect what epochs have filled, and no more."""

import pytest

from tests.support.capital import EPOCH, UNIT, WITHDRAWAL_DELAY, pay_premium, request_deposit
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def filled(funded, token, junior, people, chain):
    """Eve's deposit of 300 dollars and Ada's withdrawal of half her shares, filled at 1.036."""
    pay_premium(token, funded, people.policy_book, 100 * UNIT)
    request_deposit(token, junior, people.eve, 300 * UNIT)
    shares = junior.balanceOf(people.ada) // 2
    junior.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    chain.sleep(WITHDRAWAL_DELAY)
    funded.settleEpoch({"from": people.eve})
    return junior


def test_deposit__more_than_filled__is_refused(filled, people):
    with reverts_with("ExceedsClaimable", 300 * UNIT + 1, 300 * UNIT):
        filled.deposit(300 * UNIT + 1, people.eve, {"from": people.eve})
    with reverts_with("NothingRequested"):
        filled.deposit(0, people.eve, {"from": people.eve})


def test_mint__more_than_filled__is_refused(filled, people):
    most = filled.maxMint(people.eve)
    with reverts_with("ExceedsClaimable", most + 1, most):
        filled.mint(most + 1, people.eve, {"from": people.eve})


def test_redeem__for_another_controller__is_refused(filled, people):
    with reverts_with("NotOwner", people.ada, people.eve):
        filled.redeem(1, people.eve, people.ada, {"from": people.eve})
    with reverts_with("NotOwner", people.ada, people.eve):
        filled.withdraw(1, people.eve, people.ada, {"from": people.eve})


def test_withdraw__more_than_filled__is_refused(filled, people):
    most = filled.maxWithdraw(people.ada)
    with reverts_with("ExceedsClaimable", most + 1, most):
        filled.withdraw(most + 1, people.ada, people.ada, {"from": people.ada})
    shares = filled.maxRedeem(people.ada)
    with reverts_with("ExceedsClaimable", shares + 1, shares):
        filled.redeem(shares + 1, people.ada, people.ada, {"from": people.ada})


def test_deposit__in_parts__gives_the_whole_in_the_end(filled, people, accounts):
    most = filled.maxMint(people.eve)
    filled.deposit(100 * UNIT, accounts[13], {"from": people.eve})
    filled.mint(filled.maxMint(people.eve), people.eve, {"from": people.eve})
    assert filled.balanceOf(people.eve) + filled.balanceOf(accounts[13]) == most
    assert filled.maxDeposit(people.eve) == filled.maxMint(people.eve) == 0


def test_redeem__in_parts__gives_the_whole_in_the_end(filled, token, people, accounts):
    most = filled.maxWithdraw(people.ada)
    filled.redeem(filled.maxRedeem(people.ada) // 3, accounts[14], people.ada, {"from": people.ada})
    rest = filled.maxWithdraw(people.ada)
    filled.withdraw(rest, people.ada, people.ada, {"from": people.ada})
    assert token.balanceOf(accounts[14]) + token.balanceOf(people.ada) == most == 518 * UNIT - 1
    assert filled.maxRedeem(people.ada) == filled.maxWithdraw(people.ada) == 0


def test_request_redeem__filled_over_two_epochs__pays_each_at_its_price(
    funded, filled, people, chain
):
    filled.redeem(filled.maxRedeem(people.ada), people.ada, people.ada, {"from": people.ada})
    shares = filled.balanceOf(people.ada)
    filled.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    chain.sleep(WITHDRAWAL_DELAY)
    funded.lock(funded.free() - 50 * UNIT, {"from": people.policy_book})
    funded.settleEpoch({"from": people.eve})
    first = filled.maxWithdraw(people.ada)
    price = filled.convertToAssets(filled.pendingRedeemRequest(0, people.ada))
    funded.pay(people.admin, funded.tranche(0)[0] // 2, {"from": people.claims_desk})
    funded.release(funded.locked(), {"from": people.policy_book})
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})
    second = filled.maxWithdraw(people.ada) - first
    assert 50 * UNIT - 1 <= first <= 50 * UNIT
    assert price // 2 - 1 <= second <= price // 2 + 1
