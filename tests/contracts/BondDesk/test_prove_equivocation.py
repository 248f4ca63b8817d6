"""Two certificates for one serial: the bond pays the one that is proven, once."""

import pytest

from tests.support.capital import ints
from tests.support.facility import UNIT, reserve
from tests.support.reverts import reverts_with
from tests.support.sold import certificate, signature, struct

EVE_KEY = bytes.fromhex("22" * 32)


@pytest.fixture(scope="module")
def reserved(world, series):
    return reserve(world, series, 1_000 * UNIT, 20)


def call(world, first, second, method, key=None):
    other = signature(world, second) if key is None else signature(world, second, key)
    return method(
        struct(first), signature(world, first), struct(second), other, {"from": world.eve}
    )


def test_prove_equivocation__same_certificate_or_other_serial__is_refused(
    world, series, reserved, chain
):
    first = certificate(world, series, 4, chain.time())
    other = certificate(world, series, 5, chain.time())
    for second in (first, other):
        with reverts_with("NotTwoCertificates", ...):
            call(world, first, second, world.bonds.proveEquivocation.call)


def test_prove_equivocation__second_signed_by_another__is_refused(world, series, reserved, chain):
    first = certificate(world, series, 4, chain.time())
    second = certificate(world, series, 4, chain.time(), units=11)
    with reverts_with("NotSigned", ..., world.ulla):
        call(world, first, second, world.bonds.proveEquivocation.call, EVE_KEY)


def test_prove_equivocation__two_for_one_serial__pays_the_first_once(
    world, series, reserved, chain
):
    first = certificate(world, series, 4, chain.time())
    second = certificate(world, series, 4, chain.time(), units=11)
    receipt = call(world, first, second, world.bonds.proveEquivocation)
    assert receipt.events["WrongProven"]["wrong"] == 2
    assert world.token.balanceOf(first.payee) == 10 * UNIT
    assert ints(world.facility.bondOf(world.ulla)) == (49_990 * UNIT, 1_000 * UNIT)
    with reverts_with("BondPaidAlready", first.series, 4):
        call(world, second, first, world.bonds.proveEquivocation.call)
