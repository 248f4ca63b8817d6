import pytest

from tests.support.capital import ints
from tests.support.facility import CLAIM_WINDOW, REPORT_DELAY, UNIT, post, records, reserve
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def identity(world, series, chain):
    """1,000 dollars and 20 serials reserved, 300 dollars and 3 serials posted."""
    reserved = reserve(world, series, 1_000 * UNIT, 20)
    post(world, series, records(3), chain.time())
    return reserved


def test_release_reservation__unknown__is_refused(world):
    with reverts_with("UnknownSeries", b"\x05" * 32):
        world.facility.releaseReservation.call(b"\x05" * 32, {"from": world.ulla})


def test_release_reservation__anyone_but_the_underwriter__is_refused(world, identity):
    with reverts_with("NotUnderwriter", world.petra, world.ulla):
        world.facility.releaseReservation.call(identity, {"from": world.petra})


def test_release_reservation__omissions_can_still_be_proven__is_refused(world, series, identity):
    due = series[5] + REPORT_DELAY + CLAIM_WINDOW
    with reverts_with("ReservationOpen", identity, due):
        world.facility.releaseReservation.call(identity, {"from": world.ulla})


def test_release_reservation__over__gives_back_what_was_not_posted(world, series, identity, chain):
    chain.sleep(series[5] + REPORT_DELAY + CLAIM_WINDOW - chain.time())
    receipt = world.facility.releaseReservation(identity, {"from": world.ulla})
    assert receipt.events["ReservationReleased"]["exposure"] == 700 * UNIT
    assert world.cell.locked() == world.booked() == 300 * UNIT
    assert ints(world.facility.floatOf(world.petra)) == (10_000 * UNIT - 900, 0, 0)
    assert ints(world.facility.bondOf(world.ulla)) == (50_000 * UNIT, 0)
    assert ints(world.facility.seriesOf(identity)[1:]) == (0, 3, 3)
