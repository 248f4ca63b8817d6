import pytest

from tests.support.capital import ints
from tests.support.facility import DAILY_LIMIT, RISK, TENOR, UNIT, terms
from tests.support.reverts import reverts_with


def try_reserve(world, series, exposure=1_000 * UNIT, serials=100, sender=None):
    """A call: a refusal costs no trace."""
    return world.facility.reserve.call(series, exposure, serials, {"from": sender or world.ulla})


def test_reserve__without_the_role__is_refused(world, series):
    with reverts_with("AccessManagedUnauthorized", world.eve):
        try_reserve(world, series, sender=world.eve)


def test_reserve__series_of_another_underwriter__is_refused(world, chain):
    series = world.series(underwriter=world.eve.address, expiryBucket=chain.time() + 86_400)
    with reverts_with("NotUnderwriter", world.ulla, world.eve):
        try_reserve(world, series)


def test_reserve__closed_product__is_refused(world, series):
    world.products.close(1, {"from": world.admin})
    with reverts_with("ProductIsClosed", 1):
        try_reserve(world, series)


def test_reserve__policy_product__is_refused(world, series):
    world.products.put(1, terms(world.cell, form=0), {"from": world.admin})
    with reverts_with("NotCertificateProduct", 1):
        try_reserve(world, series)


def test_reserve__bucket_that_no_certificate_reaches__is_refused(world, chain):
    bucket = chain.time() + TENOR - 600
    with reverts_with("BucketTooEarly", ..., bucket):
        try_reserve(world, world.series(expiryBucket=bucket))


def test_reserve__part_of_a_unit__is_refused(world, series):
    with reverts_with("NotWholeUnits", UNIT + 1, UNIT):
        try_reserve(world, series, exposure=UNIT + 1)


def test_reserve__premium_below_the_table__is_refused(world, chain):
    # 1 % a year for two hours on a dollar is 2.28 units, rounded up
    assert world.facility.tablePremium(1, 5) == 3
    series = world.series(premiumPerUnit=2, expiryBucket=chain.time() + 86_400)
    with reverts_with("PremiumBelowTable", 2, 3):
        try_reserve(world, series)


def test_reserve__score_has_risen__asks_for_the_new_premium(world, series):
    world.feed.set(9_999, False, {"from": world.admin})
    with reverts_with("PremiumBelowTable", 3, 37):
        try_reserve(world, series)


def test_reserve__stale_score__is_refused(world, series):
    world.feed.set(0, True, {"from": world.admin})
    with reverts_with("StaleScore", 5, 7, 99):
        try_reserve(world, series)


def test_reserve__premium_above_what_the_platform_agreed__is_refused(world, chain):
    series = world.series(premiumPerUnit=11, expiryBucket=chain.time() + 86_400)
    with reverts_with("PremiumAboveCeiling", 11, 10):
        try_reserve(world, series)


def test_reserve__platform_that_agreed_to_nothing__is_refused(world, chain):
    series = world.series(platform=world.eve.address, expiryBucket=chain.time() + 86_400)
    with reverts_with("PremiumAboveCeiling", 3, 0):
        try_reserve(world, series)


def test_reserve__float_below_the_premium__is_refused(world, series):
    world.facility.withdrawFloat(10_000 * UNIT - 2_999, world.petra, {"from": world.petra})
    with reverts_with("FloatTooLow", 3_000, 2_999):
        try_reserve(world, series)


def test_reserve__bond_below_what_could_be_left_uncommitted__is_refused(world, series):
    world.facility.reserve(series, 30_000 * UNIT, 1, {"from": world.ulla})
    with reverts_with("BondTooLow", 50_001 * UNIT, 50_000 * UNIT):
        try_reserve(world, series, exposure=20_001 * UNIT)


def test_reserve__announced_withdrawal__secures_nothing(world, series):
    world.facility.requestBondWithdrawal(40_000 * UNIT, {"from": world.ulla})
    with reverts_with("BondTooLow", 50_001 * UNIT, 50_000 * UNIT):
        try_reserve(world, series, exposure=10_001 * UNIT)


def test_reserve__suspended_underwriter__is_refused(world, series):
    world.facility.setSuspended(world.ulla, True, {"from": world.admin})
    with reverts_with("UnderwriterIsSuspended", world.ulla):
        try_reserve(world, series)


def test_reserve__past_the_day_s_limit__is_refused_until_tomorrow(world, series, chain):
    world.facility.setDailyLimit(world.ulla, 5_000 * UNIT, {"from": world.admin})
    world.facility.reserve(series, 4_000 * UNIT, 1, {"from": world.ulla})
    assert world.facility.dailyRoom(world.ulla) == 1_000 * UNIT
    with reverts_with("DailyLimitExceeded", 1_001 * UNIT, 1_000 * UNIT):
        try_reserve(world, series, exposure=1_001 * UNIT)
    chain.sleep(86_400 - chain.time() % 86_400)
    chain.mine()
    assert world.facility.dailyRoom(world.ulla) == 5_000 * UNIT


def test_reserve__past_the_caps__is_refused(world, series):
    world.ledger.setCap(1, RISK, 999 * UNIT, {"from": world.admin})
    with reverts_with("CapExceeded"):
        try_reserve(world, series)


def test_reserve__past_the_cell_s_capital__is_refused(world, series):
    world.cell.lock(99_500 * UNIT, {"from": world.eve})
    with reverts_with("CapacityExceeded", 1_000 * UNIT, 500 * UNIT):
        try_reserve(world, series)


def test_reserve__series__locks_books_and_holds(world, series):
    receipt = world.facility.reserve(series, 1_000 * UNIT, 100, {"from": world.ulla})
    event = receipt.events["ExposureReserved"]
    identity = world.facility.seriesId(series)
    assert (event["series"], event["exposure"]) == (identity, 1_000 * UNIT)
    assert (event["firstSerial"], event["serials"]) == (0, 100)
    assert world.cell.locked() == world.booked() == 1_000 * UNIT
    assert ints(world.facility.floatOf(world.petra)) == (10_000 * UNIT, 3_000, 0)
    assert ints(world.facility.bondOf(world.ulla)) == (50_000 * UNIT, 1_000 * UNIT)
    assert world.facility.dailyRoom(world.ulla) == DAILY_LIMIT - 1_000 * UNIT
    assert world.facility.seriesAt(1) == identity
    stored, reserved, next_serial, committed = world.facility.seriesOf(identity)
    assert tuple(stored) == tuple(series)
    assert ints((reserved, next_serial, committed)) == (1_000 * UNIT, 100, 0)


def test_reserve__again__extends_the_series(world, series):
    world.facility.reserve(series, 1_000 * UNIT, 100, {"from": world.ulla})
    receipt = world.facility.reserve(series, 500 * UNIT, 7, {"from": world.ulla})
    assert receipt.events["ExposureReserved"]["firstSerial"] == 100
    identity = world.facility.seriesId(series)
    assert ints(world.facility.seriesOf(identity)[1:]) == (1_500 * UNIT, 107, 0)
    assert world.facility.seriesCount() == 1


@pytest.mark.parametrize(
    "change", [{"risk": 6}, {"premiumPerUnit": 4}, {"expiryBucket": 1}, {"leafKind": 2}]
)
def test_series_id__any_term_changed__is_another(world, series, change):
    others = world.series(**({"expiryBucket": series[5]} | change))
    assert world.facility.seriesId(others) != world.facility.seriesId(series)


def test_series_of__unknown__is_refused(world):
    with reverts_with("UnknownSeries", b"\x05" * 32):
        world.facility.seriesOf(b"\x05" * 32)
