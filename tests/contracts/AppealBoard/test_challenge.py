"""A challenge costs a bond and stops the review."""

from __future__ import annotations

import pytest

from contracts.client.errors import ContractReverted
from tests.contracts.AppealBoard.conftest import BOND

CHALLENGED = 5


def test_challenge__nothing_scheduled__is_refused(scheduled):
    live = scheduled.live
    live.give("stranger", BOND, "AppealBoard")
    with pytest.raises(ContractReverted) as refusal:
        claim = live.claim_id(scheduled.policy, scheduled.run + 1)
        live.move("stranger", "AppealBoard", "challenge", claim, bytes(32))
    assert refusal.value.name == "NotScheduled"


def test_challenge__second_one_on_a_claim__is_refused(scheduled):
    scheduled.challenge()
    with pytest.raises(ContractReverted) as refusal:
        scheduled.challenge("holder")
    assert refusal.value.name == "AlreadyChallenged"


def test_challenge__after_its_window__is_refused(scheduled):
    scheduled.live.wait(scheduled.terms.challenge_window)
    with pytest.raises(ContractReverted) as refusal:
        scheduled.challenge()
    assert refusal.value.name == "ReviewNotOpen"


def test_challenge__without_the_bond__is_refused(scheduled):
    with pytest.raises(ContractReverted):
        scheduled.live.move("stranger", "AppealBoard", "challenge", scheduled.claim, bytes(32))


def test_challenge__in_time__draws_the_bond_and_stops_the_assessors(scheduled):
    live = scheduled.live
    scheduled.challenge()
    assert live.balance("stranger") == 0
    assert live.claim(scheduled.policy, scheduled.run)["status"] == CHALLENGED
    live.wait(scheduled.terms.challenge_window)
    with pytest.raises(ContractReverted) as refusal:
        live.decide("assessor_a", scheduled.policy, scheduled.run)
    assert refusal.value.name == "NotScheduled"
