"""A challenge stops the review; how it ends decides whether the review begins."""

from __future__ import annotations

import pytest

from tests.contracts.ClaimsDesk.conftest import CHALLENGE, INSTANT, POLICY, REVIEW
from tests.support.reverts import reverts_with

SCHEDULED = 27 * 100_000 - INSTANT
REASON = b"\x0c" * 32
CHALLENGED, AGAIN_SCHEDULED, REFUSED = 5, 2, 4


@pytest.fixture
def scheduled(world):
    world.mark([*range(30)])
    world.after(40)
    world.settle()
    return world


def board(world, function, *arguments):
    function.call(world.claim(), *arguments, {"from": world.appeals})
    return function(world.claim(), *arguments, {"from": world.appeals})


def status(world):
    return world.desk.claimOf(world.claim())["status"]


@pytest.mark.parametrize(
    ("name", "arguments"), [("challengeOpened", ()), ("challengeClosed", (True, REASON))]
)
def test_challenge__not_the_appeal_board__is_refused(scheduled, name, arguments):
    function = getattr(scheduled.desk, name)
    with reverts_with("OnlyAppealBoard", scheduled.relayer):
        scheduled.send(function, scheduled.claim(), *arguments)


def test_challenge_opened__nothing_scheduled__is_refused(world):
    with reverts_with("NotScheduled", world.claim()):
        board(world, world.desk.challengeOpened)


def test_challenge_opened__after_the_challenge_window__is_refused(scheduled):
    scheduled.chain.sleep(CHALLENGE + 1)
    scheduled.chain.mine()
    with reverts_with("ReviewNotOpen", scheduled.claim(), 0, ...):
        board(scheduled, scheduled.desk.challengeOpened)


def test_challenge_closed__without_a_challenge__is_refused(scheduled):
    with reverts_with("NotScheduled", scheduled.claim()):
        board(scheduled, scheduled.desk.challengeClosed, True, REASON)


def test_challenge_opened__in_time__stops_decisions_and_silence(scheduled):
    board(scheduled, scheduled.desk.challengeOpened)
    assert status(scheduled) == CHALLENGED
    scheduled.chain.sleep(CHALLENGE + 2 * REVIEW + 10)
    scheduled.chain.mine()
    with reverts_with("NotScheduled", scheduled.claim()):
        scheduled.send(scheduled.desk.closeReview, scheduled.claim())
    with reverts_with("NotScheduled", scheduled.claim()):
        scheduled.decide("assessor_a")


def test_challenge_closed__upheld__refuses_the_amount(scheduled):
    board(scheduled, scheduled.desk.challengeOpened)
    transaction = board(scheduled, scheduled.desk.challengeClosed, True, REASON)
    assert transaction.events["ClaimRefused"]["amount"] == SCHEDULED
    assert status(scheduled) == REFUSED
    assert scheduled.desk.committedOf(POLICY) == INSTANT


def test_challenge_closed__rejected__begins_the_first_round(scheduled):
    board(scheduled, scheduled.desk.challengeOpened)
    scheduled.chain.sleep(10_000)
    scheduled.chain.mine()
    transaction = board(scheduled, scheduled.desk.challengeClosed, False, REASON)
    assert transaction.events["ReviewStarted"]["decideFrom"] == transaction.timestamp
    assert status(scheduled) == AGAIN_SCHEDULED
    scheduled.decide("assessor_a")
    assert scheduled.decide("assessor_b").events["Paid"]["amount"] == SCHEDULED
