from tests.support.capital import ints
from tests.support.facility import UNIT, post, records, reserve
from tests.support.reverts import reverts_with


def test_deposit_float__by_anyone__is_the_platform_s(world):
    world.token.mint(world.eve, 5 * UNIT, {"from": world.eve})
    world.token.approve(world.facility, 5 * UNIT, {"from": world.eve})
    world.facility.depositFloat(world.petra, 5 * UNIT, {"from": world.eve})
    assert world.facility.floatOf(world.petra)[0] == 10_005 * UNIT
    with reverts_with("FloatTooLow", 1, 0):
        world.facility.withdrawFloat.call(1, world.eve, {"from": world.eve})


def test_withdraw_float__held_for_a_reservation__is_refused(world, series):
    reserve(world, series, 1_000 * UNIT, 10)
    free = 10_000 * UNIT - 3_000
    with reverts_with("FloatTooLow", free + 1, free):
        world.facility.withdrawFloat.call(free + 1, world.petra, {"from": world.petra})
    world.facility.withdrawFloat(free, world.eve, {"from": world.petra})
    assert world.token.balanceOf(world.eve) == free
    assert ints(world.facility.floatOf(world.petra)) == (3_000, 3_000, 0)


def test_agree_terms__withdrawn__stops_reservations_and_keeps_those_made(world, series, chain):
    reserve(world, series, 1_000 * UNIT, 10)
    world.facility.agreeTerms(world.ulla, 1, 0, {"from": world.petra})
    with reverts_with("PremiumAboveCeiling", 3, 0):
        world.facility.reserve.call(series, UNIT, 1, {"from": world.ulla})
    post(world, series, records(10), chain.time())


def test_set_commission__anyone_but_the_treasurer__is_refused(world):
    with reverts_with("AccessManagedUnauthorized", world.petra):
        world.facility.setCommission.call(world.petra, 1, {"from": world.petra})
    with reverts_with("BadCommission", 10_001):
        world.facility.setCommission.call(world.petra, 10_001, {"from": world.treasurer})


def test_set_commission__posting__leaves_it_in_the_float(world, series, chain):
    world.facility.setCommission(world.petra, 1_500, {"from": world.treasurer})
    reserve(world, series, 1_000 * UNIT, 10)
    before = world.cell.assets()
    receipt = post(world, series, records(10), chain.time())
    assert receipt.events["FloatDrawn"]["commission"] == 450
    assert ints(world.facility.floatOf(world.petra)) == (10_000 * UNIT - 2_550, 0, 1_500)
    assert world.cell.assets() - before == 2_550
    assert world.token.balanceOf(world.facility) == 60_000 * UNIT - 2_550
