"""Certificates whose transaction falls into a paying run are paid to the platform at once."""

from __future__ import annotations

import pytest

from contracts.client.certificates import pack_indices
from contracts.client.development import person
from tests.contracts.ClaimsDesk.conftest import CLAIM_WINDOW, DELAY, LAG, PRODUCT, RISK, SLOT
from tests.support.reverts import reverts_with

BATCH = 4
LEAVES = bytes(48)
TENOR = 1_000


def post(world, earliest=-20, latest=-15, pushed=False):
    """A bordereau with starts in slots, whose last cover ends at slot 100."""
    last = world.time(100) - TENOR
    batch = (
        person("platform").address, pushed, PRODUCT, RISK,
        world.time(earliest), world.time(latest), last, 0, 0,
    )  # fmt: skip
    world.neighbours.setBatch(BATCH, batch, {"from": world.relayer})


def settle(world, leaves=LEAVES):
    arguments = (BATCH, world.run(), pack_indices([0, 1]), leaves, [])
    return world.send(world.desk.settleCertificates, *arguments)


def push(world, leaves=LEAVES):
    arguments = (BATCH, world.run(), pack_indices([0, 1]), leaves, [], b"")
    return world.send(world.desk.settleCertificatesPushed, *arguments)


@pytest.fixture
def lost(world):
    world.mark([*range(10)])
    world.after(20)
    return world


def test_settle_certificates__after_the_claim_window__is_refused(lost):
    post(lost)
    lost.at(100 * SLOT + DELAY + CLAIM_WINDOW)
    with reverts_with("ClaimWindowClosed", ..., ...):
        settle(lost)


def test_settle_certificates__no_run_there__is_refused(world):
    post(world)
    world.after(20)
    with reverts_with("NotARun", world.run()):
        settle(world)


def test_settle_certificates__within_the_hold_window__is_refused(world):
    post(world)
    world.mark([0, 1, 2, 3])
    with reverts_with("RunNotSettleable", ..., ...):
        settle(world)


def test_settle_certificates__run_within_the_waiting_period__is_refused(world):
    post(world)
    world.mark([0, 1, 2])
    world.after(20)
    with reverts_with("RunTooShort", 30, 30):
        settle(world)


def test_settle_certificates__lag_of_the_last_leaf_not_passed__is_refused(lost):
    latest = -(LAG // SLOT) + 1
    post(lost, latest=latest)
    with reverts_with("CertificateNotCovered", BATCH, lost.time(latest), lost.time(0)):
        settle(lost)


def test_settle_certificates__first_leaf_already_ended__is_refused(lost):
    earliest = -(TENOR // SLOT)
    post(lost, earliest=earliest)
    with reverts_with("CertificateNotCovered", BATCH, lost.time(earliest), lost.time(0)):
        settle(lost)


def test_settle_certificates__void_leaves__pay_nothing(lost):
    post(lost)
    with reverts_with("NothingDue", ...):
        settle(lost, leaves=b"")


def test_settle_certificates__covered_leaves__pay_the_platform_in_one_transfer(lost):
    post(lost, earliest=-(TENOR // SLOT) + 1, latest=-(LAG // SLOT))
    transaction = settle(lost)
    platform = person("platform").address
    assert transaction.return_value == len(LEAVES)
    assert transaction.events["Paid"] == {"payee": platform, "amount": len(LEAVES)}
    assert transaction.events["CertificatesPaid"] == {
        "batch": BATCH,
        "runStart": lost.run(),
        "payee": platform,
        "amount": len(LEAVES),
        "count": 2,
    }


@pytest.mark.parametrize(("pushed", "how"), [(True, settle), (False, push)])
def test_settle_certificates__other_payees_than_the_series_says__is_refused(lost, pushed, how):
    post(lost, pushed=pushed)
    with reverts_with("WrongPayees", BATCH, pushed):
        how(lost)


def test_settle_certificates_pushed__run_outside_of_a_cover__is_refused(lost):
    latest = -(LAG // SLOT) + 1
    post(lost, latest=latest, pushed=True)
    with reverts_with("CertificateNotCovered", BATCH, lost.time(latest), lost.time(0)):
        push(lost)


def test_settle_certificates_pushed__void_leaves__pay_nothing(lost):
    post(lost, pushed=True)
    with reverts_with("NothingDue", ...):
        push(lost, leaves=b"")


def test_settle_certificates_pushed__covered_leaves__pay_each_holder(lost):
    post(lost, pushed=True)
    transaction = push(lost)
    assert transaction.return_value == 2 * len(LEAVES)
    paid = transaction.events["PaidMany"]
    assert [int(word) for word in paid["payments"]] == [n << 96 | len(LEAVES) for n in (1, 2)]
    event = transaction.events["CertificatesPaid"]
    assert (int(event["payee"], 16), event["amount"], event["count"]) == (0, 2 * len(LEAVES), 2)
