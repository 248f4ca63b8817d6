"""Attacks on settlement: one assessor alone, pauses and holds without end, spoiled lists."""

from __future__ import annotations

import json

import pytest

from contracts.client.artifacts import BUILD
from contracts.client.development import person
from contracts.client.signatures import keccak256
from contracts.client.terms import Form, Peril
from tests.contracts.threats.conftest import succeeds
from tests.support.live import DOLLAR

DAY = 86_400


@pytest.fixture
def policy(target):
    """A policy past its lag."""
    number = target.live.policy(target.product, target.risk, target.terms)
    target.live.wait(target.terms.coverage_lag)
    return number


def lose(target, slots):
    """A run on the risk, ready to settle."""
    run = target.live.outage(target.risk, slots)
    target.live.wait_until(target.live.settle_time(run + slots + 3, target.terms))
    return run


def test_assessor__alone_and_twice__decides_nothing(target, policy):
    live, run = target.live, lose(target, 150)
    live.settle(policy, run)
    amount = live.claim(policy, run)["scheduled"]
    live.wait(target.terms.challenge_window)
    live.decide("assessor_a", policy, run)
    succeeds(lambda: live.decide("assessor_a", policy, run))
    reviewed = live.claim(policy, run)["reviewed"]
    assert reviewed == 0, f"one assessor paid {reviewed} of {amount}"


def test_assessors__of_the_first_round__are_not_heard_in_the_second(target, policy):
    live, run = target.live, lose(target, 150)
    live.settle(policy, run)
    live.wait(target.terms.challenge_window)
    live.decide("assessor_a", policy, run, approve=False)
    live.wait(target.terms.review_window)
    succeeds(lambda: live.decide("assessor_a", policy, run, second=True))
    succeeds(lambda: live.decide("assessor_b", policy, run, second=True))
    reviewed = live.claim(policy, run)["reviewed"]
    assert reviewed == 0, f"a pair with an assessor of the first round paid {reviewed}"


def test_review__open__pays_nothing_by_silence_before_its_rounds_are_over(target, policy):
    live, run = target.live, lose(target, 150)
    live.settle(policy, run)
    live.wait(target.terms.challenge_window + target.terms.review_window)
    succeeds(lambda: live.move("relayer", "ClaimsDesk", "closeReview", live.claim_id(policy, run)))
    reviewed = live.claim(policy, run)["reviewed"]
    assert reviewed == 0, f"{reviewed} paid before the second pair's time was over"


def test_refused_claim__settled_again_with_its_limit_free__pays_nothing_more(target):
    live = target.live
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, unreviewed_limit=100 * DOLLAR)
    amounts = {"sum_insured": 50_000 * DOLLAR, "loss_per_hour": 50_000 * DOLLAR}
    product = live.product(terms)
    policy = live.policy(product, target.risk, terms, premium=300 * DOLLAR, **amounts)
    live.wait(terms.coverage_lag)
    run = live.outage(target.risk, 400)
    live.wait_until(live.settle_time(run + 403, terms))
    live.settle(policy, run)
    live.wait(terms.challenge_window)
    for assessor in ("assessor_a", "assessor_b"):
        live.decide(assessor, policy, run, approve=False)
    live.wait(40_000)
    before = live.balance("holder")
    succeeds(lambda: live.settle(policy, run))
    taken = live.balance("holder") - before
    assert taken == 0, f"{taken} more paid on a claim that was refused"


def test_guardian__pauses_again_and_again__stops_payments_for_one_pause_only(target, policy):
    live, run = target.live, lose(target, 20)
    parameters = live.parameters
    live.move("guardian", "ClaimsDesk", "pause", bytes(32))
    live.settle(policy, run)
    live.wait(parameters.pause_length)
    succeeds(lambda: live.move("guardian", "ClaimsDesk", "pause", bytes(32)))
    before = live.balance("holder")
    succeeds(lambda: live.move("relayer", "ClaimsDesk", "payWaiting", live.claim_id(policy, run)))
    paid = live.balance("holder") - before
    due = (200 - target.terms.waiting_period) * DOLLAR
    assert paid == due, f"{paid} of {due} paid when the first pause was over"


def test_holder_of_claims__holds_for_ever__is_bounded_by_half_the_claim_window(target, policy):
    live = target.live
    run = live.outage(target.risk, 20)
    never = live.now + 10 * 365 * DAY
    claim = live.claim_id(policy, run)
    succeeds(lambda: live.move("claims_hold", "ClaimsDesk", "hold", claim, bytes(32), never))
    live.wait_until(live.settle_time(run + 23, target.terms))
    held = live.claim(policy, run)["heldUntil"]
    latest = live.settle_time(run, target.terms) + target.terms.claim_window // 2
    assert held <= latest, f"held until {held}, no hold may last beyond {latest}"


def test_list__spoiled_by_a_policy_without_a_due__still_pays_the_others(target, policy):
    live, run = target.live, lose(target, 20)
    late = live.policy(target.product, target.risk, target.terms)
    before = live.balance("holder")
    succeeds(lambda: live.move("relayer", "ClaimsDesk", "settleMany", [late, policy], run))
    paid = live.balance("holder") - before
    due = (200 - target.terms.waiting_period) * DOLLAR
    assert paid == due, f"{paid} of {due} paid beside a policy without a due"


def test_ceiling__a_lying_quorum_makes_everything_pay__bounds_a_day(target):
    live = target.live
    ceiling = live.parameters.daily_instant_ceiling
    wide = {"instant_limit": 100_000 * DOLLAR, "unreviewed_limit": 100_000 * DOLLAR}
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, **wide)
    amounts = {"sum_insured": 60_000 * DOLLAR, "loss_per_hour": 60_000 * DOLLAR}
    product = live.product(terms)
    policy = live.policy(product, target.risk, terms, premium=300 * DOLLAR, **amounts)
    live.wait_until((live.now // DAY + 1) * DAY)
    run = live.outage(target.risk, 300)
    live.wait_until(live.settle_time(run + 303, terms))
    before = live.balance("holder")
    live.settle(policy, run)
    taken = live.balance("holder") - before
    assert taken <= ceiling, f"{taken} paid without review in one day, the ceiling is {ceiling}"


def test_hostile_holder__that_the_token_refuses__blocks_nobody_else(target):
    live, terms = target.live, target.terms
    hostile = "0x" + keccak256(b"hostile holder")[:20].hex()
    policies = [
        live.policy(target.product, target.risk, terms, holder=holder)
        for holder in (hostile, person("holder").address)
    ]
    live.wait(terms.coverage_lag)
    run = lose(target, 20)
    token = live.deployment.contracts["StableCoin"]
    refusing = json.loads((BUILD / "RefusingCoin.json").read_text())["deployedBytecode"]
    live.rpc("evm_setAccountCode", token, "0x" + refusing)
    refuse = keccak256(b"refuse(address,bool)")[:4] + bytes(12) + bytes.fromhex(hostile[2:])
    live.send("relayer", {"to": token, "data": refuse + (1).to_bytes(32, "big")})
    before = live.balance("holder")
    succeeds(lambda: live.move("relayer", "ClaimsDesk", "settleMany", policies, run))
    paid = live.balance("holder") - before
    due = (200 - terms.waiting_period) * DOLLAR
    assert paid == due, f"{paid} of {due} paid beside a holder that the token refuses"
