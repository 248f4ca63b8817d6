from tests.support.facility import UNIT
from tests.support.reverts import reverts_with


def test_set_daily_limit__anyone_but_the_product_admin__is_refused(world):
    for caller in (world.ulla, world.treasurer, world.eve):
        with reverts_with("AccessManagedUnauthorized", caller):
            world.facility.setDailyLimit.call(world.ulla, 1, {"from": caller})


def test_set_daily_limit__of_nothing__leaves_no_room(world):
    world.facility.setDailyLimit(world.ulla, 0, {"from": world.admin})
    assert world.facility.dailyRoom(world.ulla) == 0
    assert world.facility.dailyRoom(world.eve) == 100_000 * UNIT


def test_set_suspended__anyone_but_the_product_admin__is_refused(world):
    for caller in (world.ulla, world.treasurer, world.eve):
        with reverts_with("AccessManagedUnauthorized", caller):
            world.facility.setSuspended.call(world.ulla, True, {"from": caller})
