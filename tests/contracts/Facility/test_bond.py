from tests.support.capital import ints
from tests.support.facility import BOND_DELAY, UNIT, reserve
from tests.support.reverts import reverts_with


def test_request_bond_withdrawal__needed_for_reservations__is_refused(world, series):
    reserve(world, series, 10_000 * UNIT, 10)
    with reverts_with("BondTooLow", 50_001 * UNIT, 50_000 * UNIT):
        world.facility.requestBondWithdrawal.call(40_001 * UNIT, {"from": world.ulla})


def test_withdraw_bond__not_announced__is_refused(world):
    with reverts_with("BondWithdrawalNotDue", 0, ...):
        world.facility.withdrawBond.call({"from": world.ulla})


def test_withdraw_bond__before_the_delay__is_refused(world, chain):
    receipt = world.facility.requestBondWithdrawal(10, {"from": world.ulla})
    chain.sleep(BOND_DELAY - 60)
    chain.mine()
    with reverts_with("BondWithdrawalNotDue", receipt.timestamp + BOND_DELAY, ...):
        world.facility.withdrawBond.call({"from": world.ulla})


def test_withdraw_bond__after_the_delay__pays_once(world, chain):
    world.facility.requestBondWithdrawal(10_000 * UNIT, {"from": world.ulla})
    chain.sleep(BOND_DELAY)
    world.facility.withdrawBond({"from": world.ulla})
    assert world.token.balanceOf(world.ulla) == 10_000 * UNIT
    assert ints(world.facility.bondOf(world.ulla)) == (40_000 * UNIT, 0)
    with reverts_with("BondWithdrawalNotDue", 0, ...):
        world.facility.withdrawBond.call({"from": world.ulla})
