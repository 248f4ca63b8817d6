"""A pause ends by itself, stops deadlines, and takes nothing from anyone but time."""

from __future__ import annotations

import pytest

from contracts.client.development import person
from tests.contracts.ClaimsDesk.conftest import CHALLENGE, COOL_DOWN, INSTANT, PAUSE, REVIEW
from tests.support.reverts import reverts_with

REASON = b"\x0e" * 32


def pause(world, who="guardian"):
    sender = {"from": person(who).address}
    world.desk.pause.call(REASON, sender)
    return world.desk.pause(REASON, sender)


def wait(world, seconds):
    world.chain.sleep(seconds)
    world.chain.mine()


@pytest.fixture
def scheduled(world):
    world.mark([*range(30)])
    world.after(40)
    world.settle()
    return world


def test_pause__without_the_role__is_refused(world):
    with reverts_with("AccessManagedUnauthorized", person("stranger").address):
        pause(world, "stranger")


def test_pause__within_the_cool_down__is_refused(world):
    first = pause(world)
    wait(world, PAUSE + COOL_DOWN - 60)
    with reverts_with("PauseTooSoon", first.timestamp + PAUSE + COOL_DOWN):
        pause(world)
    wait(world, 60)
    pause(world)


def test_settle__while_paused__books_the_claim_and_pays_after_the_pause(world):
    world.mark([*range(8)])
    world.after(20)
    until = pause(world).timestamp + PAUSE
    transaction = world.settle()
    assert "Paid" not in transaction.events
    assert transaction.events["PaymentDelayed"]["amount"] == 500_000
    with reverts_with("DeskIsPaused", until):
        world.send(world.desk.payWaiting, world.claim())
    wait(world, PAUSE)
    assert world.send(world.desk.payWaiting, world.claim()).events["Paid"]["amount"] == 500_000


def test_decide__while_paused__is_refused(scheduled):
    wait(scheduled, CHALLENGE)
    pause(scheduled)
    with reverts_with("DeskIsPaused", ...):
        scheduled.decide("assessor_a")
    with reverts_with("DeskIsPaused", ...):
        scheduled.send(scheduled.desk.closeReview, scheduled.claim())


def test_decide__after_a_pause__has_the_whole_round(scheduled):
    wait(scheduled, CHALLENGE + REVIEW - 40)
    before = scheduled.desk.claimOf(scheduled.claim())["decideFrom"]
    pause(scheduled)
    wait(scheduled, PAUSE)
    assert scheduled.desk.claimOf(scheduled.claim())["decideFrom"] == before + PAUSE
    scheduled.decide("assessor_a")
    transaction = scheduled.decide("assessor_b")
    assert transaction.events["Paid"]["amount"] == 2_700_000 - INSTANT


def test_close_review__pause_within_the_rounds__is_that_much_later(scheduled):
    pause(scheduled)
    wait(scheduled, CHALLENGE + 2 * REVIEW + 60)
    with reverts_with("ReviewStillOpen", scheduled.claim(), ...):
        scheduled.send(scheduled.desk.closeReview, scheduled.claim())
    wait(scheduled, PAUSE)
    scheduled.send(scheduled.desk.closeReview, scheduled.claim())
