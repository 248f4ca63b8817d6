"""A certificate that no bordereau brought by its commit-by time is paid by the bond."""

from dataclasses import replace

import pytest

from tests.support.capital import ints
from tests.support.facility import FIRST_BATCH, SLOT, UNIT, on_chain, post, records, reserve
from tests.support.reverts import reverts_with
from tests.support.sold import COMMIT_SECONDS, certificate, signature, struct

EVE_KEY = bytes.fromhex("22" * 32)


@pytest.fixture(scope="module")
def reserved(world, series):
    """1,000 dollars and 20 serials."""
    return reserve(world, series, 1_000 * UNIT, 20)


@pytest.fixture
def sold(world, series, reserved, chain):
    """Serial 2, ten dollars."""
    return certificate(world, series, 2, chain.time())


def prove(world, message, key=None):
    signed = signature(world, message) if key is None else signature(world, message, key)
    return world.bonds.proveOmission(struct(message), signed, {"from": world.eve})


def refused(world, message, error, *values, key=None):
    signed = signature(world, message) if key is None else signature(world, message, key)
    with reverts_with(error, *values):
        world.bonds.proveOmission.call(struct(message), signed, {"from": world.eve})


def test_prove_omission__not_the_underwriter_s_signature__is_refused(world, sold):
    refused(world, sold, "NotSigned", ..., world.ulla, key=EVE_KEY)


def test_prove_omission__before_its_commit_by_time__is_refused(world, sold):
    refused(world, sold, "StillInTime", sold.commit_by, ...)


@pytest.mark.parametrize(
    "change",
    [
        {"product": 2},
        {"risk_index": 6},
        {"platform": "0x" + "11" * 20},
        {"sum_insured": 0},
        {"sum_insured": 501 * UNIT},
        {"sum_insured": 10 * UNIT + 1},
        {"start": 2**40 - 1},
    ],
)
def test_prove_omission__beyond_what_its_series_allows__is_refused(world, sold, change):
    refused(world, replace(sold, **change), "NotOfSeries", sold.series, 2)


def test_prove_omission__series_unknown__is_refused(world, sold):
    refused(world, replace(sold, series=b"\x05" * 32), "UnknownSeries", b"\x05" * 32)


def test_prove_omission__serial_already_in_a_bordereau__is_refused(world, series, sold, chain):
    post(world, series, records(3), chain.time())
    chain.sleep(COMMIT_SECONDS + 60)
    chain.mine()
    refused(world, sold, "SerialsNotReserved", 2, 20)


def test_prove_omission__serial_never_reserved__is_refused(world, sold, chain):
    chain.sleep(COMMIT_SECONDS + 60)
    chain.mine()
    refused(world, replace(sold, serial=20), "SerialsNotReserved", 20, 20)


def test_prove_omission__more_than_is_left_of_the_reservation__is_refused(
    world, series, sold, chain
):
    """What a stolen key signs is never paid beyond the exposure that is reserved."""
    post(world, series, records(2, units=496), chain.time())
    chain.sleep(COMMIT_SECONDS + 60)
    chain.mine()
    refused(world, sold, "ReservationTooSmall", 10, 8)


def test_prove_omission__too_late_for_the_book__pays_the_sum_insured_from_the_bond(
    world, series, sold, chain
):
    chain.sleep(COMMIT_SECONDS + 60)
    locked, booked = world.cell.locked(), world.booked()
    receipt = prove(world, sold)
    assert receipt.events["WrongProven"]["wrong"] == 0
    assert receipt.events["BondPaid"]["amount"] == 10 * UNIT
    assert world.token.balanceOf(sold.payee) == 10 * UNIT
    assert ints(world.facility.bondOf(world.ulla)) == (49_990 * UNIT, 990 * UNIT)
    assert ints(world.facility.floatOf(world.petra)) == (10_000 * UNIT, 990 * 3, 0)
    assert (locked - world.cell.locked(), booked - world.booked()) == (10 * UNIT, 10 * UNIT)
    assert world.bonds.isPaid(sold.series, 2) and not world.bonds.isPaid(sold.series, 3)


def test_prove_omission__twice__is_refused(world, sold, chain):
    chain.sleep(COMMIT_SECONDS + 60)
    prove(world, sold)
    refused(world, sold, "BondPaidAlready", sold.series, 2)


def test_claim__serial_that_the_bond_paid__is_refused_in_a_batch_that_brings_it_later(
    world, series, sold, chain
):
    chain.sleep(COMMIT_SECONDS + 60)
    prove(world, sold)
    batch = records(3)
    base = chain.time()
    proof = on_chain(world, series, batch, base, post(world, series, batch, base)).prove([1, 2])
    run = chain.time() // SLOT + 1
    arguments = (*proof.arguments, {"from": world.desk})
    with reverts_with("AlreadyClaimed", FIRST_BATCH, 2):
        world.book.claim.call(FIRST_BATCH, run, *arguments)


def test_guards__strangers_at_book_and_facility__are_refused(world, reserved):
    with reverts_with("OnlyBondDesk", world.eve):
        world.book.strike.call(1, 2, {"from": world.eve})
    with reverts_with("OnlyBondDesk", world.eve):
        world.facility.payOmitted.call(reserved, 2, 1, world.eve, {"from": world.eve})
    with reverts_with("OnlyBondDesk", world.eve):
        world.facility.payFromBond.call(world.ulla, world.eve, 1, {"from": world.eve})
