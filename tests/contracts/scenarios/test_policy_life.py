"""A policy from capital to expiry, with every real contract."""

from __future__ import annotations

import pytest

from contracts.client.development import person
from contracts.client.errors import ContractReverted
from contracts.client.terms import Form, Peril
from tests.support.live import DOLLAR, Live

SUM_INSURED = 10_000 * DOLLAR
A_SLOT = 10 * DOLLAR
"""What ten seconds of loss are worth at 3,600 dollars an hour."""


@pytest.fixture(scope="module")
def insured(deployed: Live):
    """Capital, a product against lost service under attack, a scored risk and a bound policy."""
    live = deployed
    live.fund(50_000 * DOLLAR, 150_000 * DOLLAR)
    terms = live.terms(Form.POLICY, Peril.SERVICE_ATTACK)
    product, risk = live.product(terms), live.risk()
    live.next_frame()
    live.report([3_000])
    policy = live.policy(product, risk, terms)
    return policy, risk, terms


def test_capital__policy_bound__locks_the_sum_insured(live, insured):
    assert live.capital() == (200_000 * DOLLAR, SUM_INSURED)


def test_rate__score_rises__resets_without_a_payment(live, insured):
    _, risk, _ = insured
    before = live.read("RateIndex", "rateOf", 1, risk)
    live.next_frame()
    sent = live.report([5_000])
    assert sent.one("RateReset")["ratesAfter"] > sent.one("RateReset")["ratesBefore"]
    assert live.read("RateIndex", "rateOf", 1, risk) > before
    assert not sent.of("ClaimPaid")


def test_settle__lost_without_attack__pays_nothing(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 10)
    live.wait_until(live.settle_time(run + 10, terms))
    with pytest.raises(ContractReverted) as refusal:
        live.settle(policy, run)
    assert refusal.value.name == "NotARun"


def test_settle__two_members_mark__is_no_quorum(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    first = live.slot(live.now) + 1
    live.wait_until((first + 10) * 10)
    slots = range(first, first + 10)
    live.attest(risk, slots, slots, lanes=(0, 1))
    live.wait_until(live.settle_time(first + 10, terms))
    with pytest.raises(ContractReverted) as refusal:
        live.settle(policy, first)
    assert refusal.value.name == "NotARun"


def test_settle__incident_before_the_lag__pays_nothing(live, insured):
    policy, risk, terms = insured
    run = live.outage(risk, 10, attacked=True)
    live.wait_until(live.settle_time(run + 10, terms))
    with pytest.raises(ContractReverted) as refusal:
        live.settle(policy, run)
    assert refusal.value.name == "NotCovered"


def test_settle__short_attack__pays_the_holder_from_locked_capital(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 20, attacked=True)
    live.wait_until(live.settle_time(run + 20, terms))
    before, (assets, locked) = live.balance("holder"), live.capital()
    sent = live.settle(policy, run)
    due = 20 * A_SLOT - terms.waiting_period * DOLLAR
    holder = person("holder").address
    (desk, cell) = (
        next(e.values for e in sent.events if (e.contract, e.name) == (c, "ClaimPaid"))
        for c in ("ClaimsDesk", "Cell")
    )
    assert (desk["payee"], desk["amount"], desk["seconds_"]) == (holder, due, 200)
    assert cell["fromJunior"] == due and cell["fromSenior"] == 0
    assert live.balance("holder") == before + due
    assert live.capital() == (assets - due, locked - due)


def test_settle__large_claim__goes_to_two_assessors(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 150, attacked=True)
    live.wait_until(live.settle_time(run + 153, terms))
    before, (assets, locked) = live.balance("holder"), live.capital()
    live.settle(policy, run)
    due = 150 * A_SLOT - terms.waiting_period * DOLLAR
    scheduled = due - terms.instant_limit
    assert live.balance("holder") == before + terms.instant_limit
    assert live.claim(policy, run)["scheduled"] == scheduled
    live.wait(terms.challenge_window)
    live.decide("assessor_a", policy, run)
    live.decide("assessor_b", policy, run)
    assert live.balance("holder") == before + due
    assert live.capital() == (assets - due, locked - due)


def test_expire__after_a_paid_and_a_refused_part__frees_what_was_not_paid(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 150, attacked=True)
    live.wait_until(live.settle_time(run + 153, terms))
    live.settle(policy, run)
    live.wait(terms.challenge_window)
    for who in ("assessor_a", "assessor_b"):
        live.decide(who, policy, run, approve=False)
    assert live.capital()[1] == SUM_INSURED - terms.instant_limit
    live.wait(2 * 86_400)
    live.move("relayer", "PolicyBook", "expire", [policy])
    assert live.capital()[1] == 0
    assert live.read("PolicyBook", "released", policy) is True


def test_expire__while_a_part_is_scheduled__keeps_exactly_that_locked(live, insured):
    policy, risk, terms = insured
    live.wait(86_400 - 2_000)
    run = live.outage(risk, 150, attacked=True)
    live.wait_until(live.settle_time(run + 153, terms))
    live.settle(policy, run)
    scheduled = live.claim(policy, run)["scheduled"]
    live.wait(86_400)
    live.move("relayer", "PolicyBook", "expire", [policy])
    assert live.capital()[1] == scheduled > 0
    before = live.balance("holder")
    live.move("relayer", "ClaimsDesk", "closeReview", live.claim_id(policy, run))
    assert live.capital()[1] == 0
    assert live.balance("holder") == before + scheduled


def test_settle__after_expiry__is_refused(live, insured):
    policy, risk, terms = insured
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 20, attacked=True)
    live.wait(3 * 86_400)
    live.move("relayer", "PolicyBook", "expire", [policy])
    with pytest.raises(ContractReverted) as refusal:
        live.settle(policy, run)
    assert refusal.value.name == "NotCovered"
