import pytest

from tests.support.capital import EPOCH, UNIT, fund, request_deposit
from tests.support.reverts import reverts_with


def test_settle__anyone_but_the_cell__is_refused(junior, people):
    with reverts_with("OnlyCell", people.claims_desk):
        junior.settle(0, 0, {"from": people.claims_desk})


@pytest.mark.parametrize(
    "preview", ["previewDeposit", "previewMint", "previewRedeem", "previewWithdraw"]
)
def test_preview__requested_vault__is_refused(junior, preview):
    with reverts_with("PreviewUnavailable"):
        getattr(junior, preview)(1)


def test_settle__donation_to_a_fresh_vault__costs_the_donor_and_not_the_next(
    cell, token, junior, people, chain
):
    fund(token, cell, junior, people.eve, 1)
    token.mint(cell, 10_000 * UNIT, {"from": people.eve})
    token.mint(junior, 10_000 * UNIT, {"from": people.eve})
    request_deposit(token, junior, people.ada, 1_000 * UNIT)
    chain.sleep(EPOCH)
    cell.settleEpoch({"from": people.ada})
    junior.deposit(1_000 * UNIT, people.ada, {"from": people.ada})
    assert junior.convertToAssets(junior.balanceOf(people.ada)) >= 1_000 * UNIT - 1
    assert junior.convertToAssets(junior.balanceOf(people.eve)) <= 1


def test_settle__tranche_lost_whole_again_and_again__sells_fairly_and_closes_in_time(
    cell, token, junior, people, chain, accounts
):
    fund(token, cell, junior, people.ada, 1_000 * UNIT)
    investors = iter(accounts[10:18])
    while junior.totalSupply() < 2**160:
        investor = next(investors)
        request_deposit(token, junior, investor, 1_000 * UNIT)
        cell.lock(cell.assets(), {"from": people.policy_book})
        cell.pay(people.admin, cell.assets(), {"from": people.claims_desk})
        chain.sleep(EPOCH)
        cell.settleEpoch({"from": people.ada})
        junior.mint(junior.maxMint(investor), investor, {"from": investor})
        worth = junior.convertToAssets(junior.balanceOf(investor))
        assert 1_000 * UNIT - 1_000 <= worth <= 1_000 * UNIT
    with reverts_with("TrancheExhausted", junior.totalSupply()):
        junior.requestDeposit(UNIT, people.eve, people.eve, {"from": people.eve})
