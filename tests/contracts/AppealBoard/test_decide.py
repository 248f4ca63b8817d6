"""The appeal committee decides by quorum, independent of the oracles and in time."""

from __future__ import annotations

import pytest

from contracts.client.errors import ContractReverted
from tests.contracts.AppealBoard.conftest import BOND
from tests.support.live import CONFIG

REFUSED = 4


@pytest.fixture
def challenged(scheduled):
    scheduled.challenge()
    return scheduled


def refused(challenged, *arguments, **options):
    with pytest.raises(ContractReverted) as refusal:
        challenged.live.decide_appeal(*arguments, **options)
    return refusal.value.name


def test_decide__not_challenged__is_refused(scheduled):
    assert refused(scheduled, scheduled.committee, scheduled.claim, True) == "NotChallenged"


def test_decide__fewer_than_the_quorum__is_refused(challenged):
    name = refused(challenged, challenged.committee, challenged.claim, True, lanes=(0, 1))
    assert name == "AppealQuorumNotReached"


def test_decide__signed_by_the_oracles__is_refused(challenged):
    assert refused(challenged, challenged.live.committee, challenged.claim, True) == "NotAMember"


def test_decide__after_the_appeal_window__is_refused(challenged):
    challenged.live.wait(challenged.live.parameters.appeal_window)
    assert refused(challenged, challenged.committee, challenged.claim, True) == "AppealOver"


def test_decide__one_operator_is_also_one_of_the_oracles__is_refused(without_appeals):
    live, committee = without_appeals.live, without_appeals.committee
    without_appeals.challenge()
    members = committee.members(operators="appeals of")
    members[0] = (members[0][0], live.committee.members()[0][1], *members[0][2:])
    live.move("committee_admin", "AppealCommittee", "propose", members, 1, CONFIG)
    assert refused(without_appeals, committee, without_appeals.claim, True) == "SharesWithOracles"


def test_decide__one_key_is_also_one_of_the_oracles__is_refused(without_appeals):
    live, oracles = without_appeals.live, without_appeals.live.committee
    without_appeals.challenge()
    members = oracles.members(operators="appeals of")
    live.move("committee_admin", "AppealCommittee", "propose", members, 1, CONFIG)
    assert refused(without_appeals, oracles, without_appeals.claim, True) == "SharesWithOracles"


def test_decide__upheld__refuses_the_amount_and_returns_the_bond(challenged):
    live, (_, locked) = challenged.live, challenged.live.capital()
    live.decide_appeal(challenged.committee, challenged.claim, True)
    view = live.claim(challenged.policy, challenged.run)
    assert (view["status"], view["scheduled"]) == (REFUSED, 0)
    assert live.capital()[1] == locked
    assert live.read("PolicyBook", "released", challenged.policy) is False
    assert live.read("ClaimsDesk", "committedOf", challenged.policy) == view["instant"]
    live.move("stranger", "AppealBoard", "withdraw")
    assert live.balance("stranger") == BOND


def test_decide__rejected__starts_the_review_and_gives_the_payee_the_bond(challenged):
    live, amount = challenged.live, challenged.amount
    sent = live.decide_appeal(challenged.committee, challenged.claim, False)
    assert sent.one("ReviewStarted")["decideFrom"] == live.now
    before = live.balance("holder")
    live.move("holder", "AppealBoard", "withdraw")
    live.decide("assessor_a", challenged.policy, challenged.run)
    live.decide("assessor_b", challenged.policy, challenged.run)
    assert live.balance("holder") == before + BOND + amount


def test_withdraw__nothing_left__is_refused(challenged):
    with pytest.raises(ContractReverted) as refusal:
        challenged.live.move("stranger", "AppealBoard", "withdraw")
    assert refusal.value.name == "NothingToWithdraw"


def test_lapse__within_the_window__is_refused(challenged):
    with pytest.raises(ContractReverted) as refusal:
        challenged.live.move("relayer", "AppealBoard", "lapse", challenged.claim)
    assert refusal.value.name == "AppealStillOpen"


def test_lapse__no_decision_in_time__starts_the_review_and_returns_the_bond(challenged):
    live = challenged.live
    live.wait(live.parameters.appeal_window)
    live.move("relayer", "AppealBoard", "lapse", challenged.claim)
    live.move("stranger", "AppealBoard", "withdraw")
    assert live.balance("stranger") == BOND
    live.decide("assessor_a", challenged.policy, challenged.run)
    live.decide("assessor_b", challenged.policy, challenged.run)
    assert live.claim(challenged.policy, challenged.run)["scheduled"] == 0
