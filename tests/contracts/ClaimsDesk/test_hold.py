"""A hold makes settlement wait, and sends all of the claim to the assessors."""

from __future__ import annotations

from contracts.client.development import person
from tests.contracts.ClaimsDesk.conftest import CLAIM_WINDOW, DELAY, HOLD, SLOT
from tests.support.reverts import reverts_with

REASON = b"\x0a" * 32
SETTLEABLE = SLOT + DELAY + HOLD


def hold(world, until=2_000, who="claims_hold", run=0):
    arguments = (world.claim(run=run), REASON, world.time(0) + until)
    sender = {"from": person(who).address}
    world.desk.hold.call(*arguments, sender)
    return world.desk.hold(*arguments, sender)


def test_hold__without_the_role__is_refused(world):
    with reverts_with("AccessManagedUnauthorized", person("stranger").address):
        hold(world, who="stranger")


def test_hold__after_the_hold_window__is_refused(world):
    world.at(SETTLEABLE)
    latest = world.time(0) + SETTLEABLE + CLAIM_WINDOW // 2
    with reverts_with("HoldOutOfTime", world.time(0) + 2_000, latest):
        hold(world)


def test_hold__longer_than_half_the_claim_window__is_refused(world):
    with reverts_with("HoldOutOfTime", ..., ...):
        hold(world, until=SETTLEABLE + CLAIM_WINDOW // 2 + 1)


def test_hold__that_is_already_over__is_refused(world):
    with reverts_with("HoldOutOfTime", ..., ...):
        hold(world, until=-100_000)


def test_hold__second_one_on_a_claim__is_refused(world):
    hold(world)
    with reverts_with("ClaimIsHeld", world.claim(), world.time(0) + 2_000):
        hold(world, until=2_100)


def test_settle__held_claim__is_refused_until_the_hold_ends(world):
    hold(world)
    world.mark([*range(8)])
    world.at(1_900)
    with reverts_with("ClaimIsHeld", world.claim(), world.time(0) + 2_000):
        world.settle()
    transaction = world.desk.settleMany([7], world.run(), {"from": world.relayer})
    assert "ClaimPaid" not in transaction.events


def test_settle__after_a_hold__sends_all_to_the_assessors(world):
    hold(world)
    world.mark([*range(8)])
    world.at(2_000)
    assert world.settled() == (0, 500_000)
    assert world.desk.claimOf(world.claim())["heldUntil"] == world.time(0) + 2_000


def test_hold__slot_beyond_the_end_of_time__is_refused(world):
    with reverts_with("SafeCastOverflowedUintDowncast", 40, ...):
        hold(world, run=2**48)


def test_hold__after_an_earlier_run_was_settled__keeps_both_apart(world):
    world.mark([*range(8), *range(100, 108)])
    world.after(20)
    assert world.settled() == (500_000, 0)
    hold(world, until=3_000, run=100)
    view = world.desk.claimOf(world.claim())
    assert (view["instant"], view["heldUntil"]) == (500_000, 0)
    world.at(3_000)
    assert world.settled(run=100) == (0, 500_000)
    assert world.desk.claimOf(world.claim())["instant"] == 500_000
    assert world.desk.committedOf(7) == 1_000_000
