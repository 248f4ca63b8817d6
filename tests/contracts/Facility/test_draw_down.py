from tests.support.facility import UNIT, reserve
from tests.support.reverts import reverts_with


def test_draw_down__anyone_but_the_certificate_book__is_refused(world, series):
    identity = reserve(world, series, 1_000 * UNIT, 10)
    for caller in (world.ulla, world.petra, world.admin, world.desk):
        with reverts_with("OnlyCertificateBook", caller):
            world.facility.drawDown.call(identity, 0, 1, 1, 1, 0, {"from": caller})
