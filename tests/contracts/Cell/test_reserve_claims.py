from tests.support.capital import UNIT, ints
from tests.support.reverts import reverts_with


def test_reserve_claims__anyone_but_the_desk__is_refused(funded, people):
    with reverts_with("OnlyClaimsDesk", people.eve):
        funded.reserveClaims(1, {"from": people.eve})
    with reverts_with("OnlyClaimsDesk", people.eve):
        funded.unreserveClaims(1, {"from": people.eve})


def test_unreserve_claims__more_than_reserved__is_refused(funded, people):
    funded.reserveClaims(5, {"from": people.claims_desk})
    with reverts_with("UnreserveExceedsReserved", 6, 5):
        funded.unreserveClaims(6, {"from": people.claims_desk})


def test_reserve_claims__beyond_junior__lowers_both_values_but_no_capital(funded, people):
    funded.reserveClaims(1_200 * UNIT, {"from": people.claims_desk})
    assert ints(funded.tranche(0)) == (1_000 * UNIT, 0)
    assert ints(funded.tranche(1)) == (3_000 * UNIT, 2_800 * UNIT)
    assert funded.assets() == 4_000 * UNIT
    funded.unreserveClaims(1_200 * UNIT, {"from": people.claims_desk})
    assert ints(funded.tranche(0)) == (1_000 * UNIT, 1_000 * UNIT)
    assert funded.reserved() == 0
