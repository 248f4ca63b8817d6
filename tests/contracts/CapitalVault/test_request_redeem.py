from tests.support.capital import EPOCH, UNIT, WITHDRAWAL_DELAY
from tests.support.reverts import reverts_with


def test_request_redeem__shares_of_another__is_refused(funded, junior, people):
    with reverts_with("NotOwner", people.ada, people.eve):
        junior.requestRedeem(1, people.eve, people.ada, {"from": people.eve})


def test_request_redeem__more_than_owned__is_refused(funded, junior, people):
    with reverts_with("ERC20InsufficientBalance", people.eve, 0, 1):
        junior.requestRedeem(1, people.eve, people.eve, {"from": people.eve})


def test_request_redeem__while_one_waits__is_refused(funded, junior, people):
    junior.requestRedeem(10, people.ada, people.ada, {"from": people.ada})
    with reverts_with("RequestPending", people.ada, 10):
        junior.requestRedeem(1, people.ada, people.ada, {"from": people.ada})


def test_request_redeem__before_the_delay__is_not_filled(funded, junior, people, chain):
    shares = junior.balanceOf(people.ada) // 2
    receipt = junior.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})
    assert junior.pendingRedeemRequest(0, people.ada) == shares
    chain.sleep(receipt.timestamp + WITHDRAWAL_DELAY - chain.time())
    funded.settleEpoch({"from": people.eve})
    assert junior.pendingRedeemRequest(0, people.ada) == 0
    assert junior.claimableRedeemRequest(0, people.ada) == shares


def test_request_redeem__loss_while_it_waits__is_shared(funded, junior, people, chain):
    shares = junior.balanceOf(people.ada)
    junior.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    funded.lock(400 * UNIT, {"from": people.policy_book})
    funded.pay(people.eve, 400 * UNIT, {"from": people.claims_desk})
    chain.sleep(WITHDRAWAL_DELAY)
    funded.settleEpoch({"from": people.eve})
    assert junior.maxWithdraw(people.ada) == 600 * UNIT


def test_request_redeem__tranche_worth_nothing__waits_for_a_price(funded, junior, people, chain):
    shares = junior.balanceOf(people.ada)
    junior.requestRedeem(shares, people.ada, people.ada, {"from": people.ada})
    funded.lock(1_000 * UNIT, {"from": people.policy_book})
    funded.reserveClaims(1_000 * UNIT, {"from": people.claims_desk})
    chain.sleep(WITHDRAWAL_DELAY)
    funded.settleEpoch({"from": people.eve})
    assert junior.pendingRedeemRequest(0, people.ada) == shares
    funded.unreserveClaims(1_000 * UNIT, {"from": people.claims_desk})
    funded.release(1_000 * UNIT, {"from": people.policy_book})
    chain.sleep(EPOCH)
    funded.settleEpoch({"from": people.eve})
    assert junior.maxWithdraw(people.ada) == 1_000 * UNIT
