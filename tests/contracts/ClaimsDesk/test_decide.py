"""Two assessors who agree decide what was scheduled."""

from __future__ import annotations

import pytest

from contracts.client.development import person
from contracts.client.terms import Peril
from tests.contracts.ClaimsDesk.conftest import CHALLENGE, DEPENDENCY, INSTANT, POLICY, REVIEW
from tests.support.reverts import reverts_with

SCHEDULED = 27 * 100_000 - INSTANT


@pytest.fixture
def scheduled(world):
    """A claim on run 0 with SCHEDULED before the assessors, as the first round begins."""
    world.mark([*range(30)])
    world.after(40)
    world.settle()
    world.chain.sleep(CHALLENGE)
    world.chain.mine()
    return world


def view(world):
    return world.desk.claimOf(world.claim())


def to_round_2(world):
    world.chain.sleep(REVIEW + 1)
    world.chain.mine()


def second_deadline(world):
    return view(world)["decideFrom"] + 2 * REVIEW - 1


def test_decide__nothing_scheduled__is_refused(world):
    with reverts_with("NotScheduled", world.claim()):
        world.decide("assessor_a", deadline=2**32)


def test_decide__signer_without_the_role__is_refused(scheduled):
    with reverts_with("NotAssessor", person("stranger").address):
        scheduled.decide("stranger")


def test_decide__signature_of_another_claim__is_not_the_assessors(scheduled):
    world = scheduled
    deadline = view(world)["decideFrom"] + REVIEW - 1
    other = world.decision(person("assessor_a"), True, deadline, world.claim(run=1))
    with reverts_with("NotAssessor", ...):
        world.send(world.desk.decide, world.claim(), True, b"\x05" * 32, deadline, other)


def test_decide__within_the_challenge_window__is_refused(world):
    world.mark([*range(30)])
    world.after(40)
    world.settle()
    start = view(world)["decideFrom"]
    with reverts_with("ReviewNotOpen", world.claim(), start, start + 2 * REVIEW):
        world.decide("assessor_a")


def test_decide__after_the_second_round__is_refused(scheduled):
    scheduled.chain.sleep(2 * REVIEW)
    scheduled.chain.mine()
    with reverts_with("ReviewNotOpen", ..., ..., ...):
        scheduled.decide("assessor_a", deadline=second_deadline(scheduled) + 100)


def test_decide__expired__is_refused(scheduled):
    scheduled.chain.sleep(10)
    scheduled.chain.mine()
    deadline = view(scheduled)["decideFrom"] + 5
    with reverts_with("DecisionExpired", deadline, ...):
        scheduled.decide("assessor_a", deadline=deadline)


def test_decide__valid_beyond_its_round__is_refused(scheduled):
    end = view(scheduled)["decideFrom"] + REVIEW
    with reverts_with("DecisionOutlivesRound", end, end):
        scheduled.decide("assessor_a", deadline=end)


@pytest.mark.parametrize("again", [True, False])
def test_decide__same_assessor_twice__is_refused(scheduled, again):
    scheduled.decide("assessor_a", True)
    with reverts_with("AlreadyDecided", scheduled.claim(), person("assessor_a").address):
        scheduled.decide("assessor_a", again)


def test_decide__assessor_of_the_first_round_in_the_second__is_refused(scheduled):
    scheduled.decide("assessor_a")
    to_round_2(scheduled)
    with reverts_with("AlreadyDecided", scheduled.claim(), person("assessor_a").address):
        scheduled.decide("assessor_a", deadline=second_deadline(scheduled))


def test_decide__one_approves__nothing_moves(scheduled):
    transaction = scheduled.decide("assessor_a")
    assert transaction.events["AssessorDecided"]["approve"] is True
    assert "Paid" not in transaction.events
    assert view(scheduled)["scheduled"] == SCHEDULED
    assert scheduled.neighbours.reserved() == SCHEDULED


def test_decide__two_approve__pays_the_holder(scheduled):
    scheduled.decide("assessor_a")
    transaction = scheduled.decide("assessor_b")
    holder = person("holder").address
    assert transaction.events["Paid"] == {"payee": holder, "amount": SCHEDULED}
    assert transaction.events["ClaimApproved"]["amount"] == SCHEDULED
    assert transaction.events["ClaimPaid"]["reviewed"] is True
    claim = view(scheduled)
    assert (claim["status"], claim["instant"], claim["scheduled"], claim["reviewed"]) == (
        3, INSTANT, 0, SCHEDULED,
    )  # fmt: skip
    assert scheduled.desk.committedOf(POLICY) == INSTANT + SCHEDULED
    assert scheduled.neighbours.reserved() == 0
    with reverts_with("NotScheduled", scheduled.claim()):
        scheduled.decide("assessor_c")


def test_decide__two_refuse__frees_the_sum_insured_and_pays_nothing(scheduled):
    scheduled.decide("assessor_a", False)
    transaction = scheduled.decide("assessor_b", False)
    assert transaction.events["ClaimRefused"] == {
        "claim": scheduled.claim(),
        "amount": SCHEDULED,
        "reasonHash": "0x" + "05" * 32,
    }
    assert "Paid" not in transaction.events and "Released" not in transaction.events
    assert scheduled.desk.committedOf(POLICY) == INSTANT
    assert scheduled.neighbours.reserved() == 0
    with reverts_with("NothingDue", scheduled.claim()):
        scheduled.settle()


def test_decide__two_refuse__nothing_more_of_the_claim_is_granted(world):
    """The limit, most of it free again, would pay for more of the run; the year has room again."""
    world.set_terms(unreviewed_limit=INSTANT // 2)
    world.set_cover(sum_insured=10 * INSTANT)
    world.mark([*range(300)])
    world.after(304)
    instant, reviewed = world.settled()
    assert 0 < instant < INSTANT and instant + reviewed == 10 * INSTANT
    world.chain.sleep(CHALLENGE)
    world.chain.mine()
    for assessor in ("assessor_a", "assessor_b"):
        world.decide(assessor, False)
    world.neighbours.setEarned(POLICY, INSTANT, {"from": world.relayer})
    with reverts_with("NothingDue", world.claim()):
        world.settle()


def test_decide__two_refuse_after_expiry__releases_the_capital(scheduled):
    scheduled.neighbours.setReleased(POLICY, {"from": scheduled.relayer})
    scheduled.decide("assessor_a", False)
    transaction = scheduled.decide("assessor_b", False)
    assert transaction.events["Released"]["amount"] == SCHEDULED


def test_decide__they_differ__a_third_decides(scheduled):
    scheduled.decide("assessor_a", True)
    scheduled.decide("assessor_b", False)
    assert view(scheduled)["status"] == 2
    scheduled.decide("assessor_c", False)
    assert view(scheduled)["status"] == 4


def test_decide__second_pair_in_the_second_round__decides(scheduled):
    scheduled.decide("assessor_a", False)
    to_round_2(scheduled)
    for name in ("assessor_b", "assessor_c"):
        scheduled.decide(name, deadline=second_deadline(scheduled))
    assert view(scheduled)["status"] == 3


def test_close_review__nothing_scheduled__is_refused(world):
    with reverts_with("NotScheduled", world.claim()):
        world.send(world.desk.closeReview, world.claim())


def test_close_review__second_round_still_open__is_refused(scheduled):
    to_round_2(scheduled)
    end = view(scheduled)["decideFrom"] + 2 * REVIEW
    with reverts_with("ReviewStillOpen", scheduled.claim(), end):
        scheduled.send(scheduled.desk.closeReview, scheduled.claim())


def test_close_review__silence_of_both_pairs__pays_and_is_on_record(scheduled):
    scheduled.decide("assessor_a", False)
    scheduled.chain.sleep(2 * REVIEW + 1)
    scheduled.chain.mine()
    transaction = scheduled.send(scheduled.desk.closeReview, scheduled.claim())
    assert transaction.events["ReviewDefaulted"]["amount"] == SCHEDULED
    assert transaction.events["Paid"]["amount"] == SCHEDULED
    assert view(scheduled)["status"] == 3


def test_close_review__dependency_outage_after_one_round__pays(world):
    world.set_terms(peril=Peril.DEPENDENCY_OUTAGE)
    world.set_cover(dependencies=DEPENDENCY)
    world.mark([*range(30)])
    world.mark([*range(30)], subject=2**32 + DEPENDENCY)
    world.after(40)
    world.settle()
    world.chain.sleep(CHALLENGE + REVIEW + 1)
    world.chain.mine()
    with reverts_with("ReviewNotOpen", ..., ..., ...):
        world.decide("assessor_a", deadline=second_deadline(world))
    transaction = world.send(world.desk.closeReview, world.claim())
    assert transaction.events["Paid"]["amount"] == SCHEDULED


def test_settle__more_capacity_after_an_approved_review__waits_for_its_second_round(world):
    """Run 20 takes what run 0 would need, is refused, and run 0 gets the rest after its review."""
    world.mark([*range(33), *range(40, 73)])
    world.set_cover(sum_insured=5_000_000)
    world.after(80)
    world.settle(run=40)
    assert world.settled() == (INSTANT, 5_000_000 - 4_000_000)
    world.chain.sleep(CHALLENGE)
    world.chain.mine()
    other = world.claim(run=40)
    deadline = world.desk.claimOf(other)["decideFrom"] + REVIEW - 1
    for name in ("assessor_a", "assessor_b"):
        signature = world.decision(person(name), False, deadline, other)
        arguments = (other, False, b"\x05" * 32, deadline, signature)
        world.desk.decide(*arguments, {"from": world.relayer})
        world.decide(name)
    with reverts_with("NothingDue", world.claim()):
        world.settle()
    world.chain.sleep(2 * REVIEW + 1)  # the second round ends a second later
    world.chain.mine()
    assert world.settled() == (0, 1_000_000)
    claim = view(world)
    assert (claim["status"], claim["reviewed"], claim["scheduled"]) == (2, 1_000_000, 1_000_000)
