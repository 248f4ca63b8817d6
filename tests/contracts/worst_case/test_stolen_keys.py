"""What a stolen key can do at worst: the sentences of docs/security/worst-case.md, as tests.

A test's attacker does its best with the keys that it has; the loss is asserted as a number of token
units.
"""

from __future__ import annotations

import pytest

from contracts.client.errors import ContractReverted
from contracts.client.messages import ScoreVector
from contracts.client.terms import Form, Peril
from tests.contracts.threats.conftest import CEILING, succeeds
from tests.support.live import CONFIG, DOLLAR, MODEL

BOND, FLOAT = 50_000 * DOLLAR, 10_000 * DOLLAR
DAY = 86_400


def settle_after(live, run, slots, terms):
    live.wait_until(live.settle_time(run + slots + 3, terms))


@pytest.fixture
def line(target):
    """Terms of certificates and a funded line's series, nothing reserved."""
    live = target.live
    terms = live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE)
    product = live.product(terms)
    live.facility(product, FLOAT, BOND)
    return terms, live.series(product, target.risk, live.bucket(terms))


def test_underwriter__stolen_key_sells_what_it_can__loses_the_bond_at_most(target, line):
    live, (_, series) = target.live, line
    step, reserved = 10_000 * DOLLAR, 0
    while succeeds(lambda: live.reserve(series, step, 1_000)):
        reserved += step
    assert reserved == BOND


def test_underwriter__stolen_key_quotes__cannot_go_below_the_table(target):
    live = target.live
    floor = live.read("ProductBook", "rate", target.product, 3_000)
    quote = live.quote(target.product, target.risk, target.terms, rate=floor - 10**14)
    with pytest.raises(ContractReverted) as refusal:
        live.bind(quote, 50 * DOLLAR)
    assert refusal.value.name == "RateBelowTable"


def test_underwriter__stolen_key_in_a_day__reserves_its_daily_limit_at_most(target, line):
    live, (_, series) = target.live, line
    limit = 3_000 * DOLLAR
    live.move("product_admin", "Facility", "setDailyLimit", series[0], limit)
    reserved = 0
    while succeeds(lambda: live.reserve(series, 1_000 * DOLLAR, 20)):
        reserved += 1_000 * DOLLAR
    assert reserved == limit


def test_platform__stolen_key__loses_the_free_float_at_most(target, line):
    live, (_, series) = target.live, line
    live.reserve(series, 10_000 * DOLLAR, 200)
    balance, held, _ = live.read("Facility", "floatOf", series[1]).values()
    thief = live.address("stranger")
    before, (assets, _) = live.balance("stranger"), live.capital()
    with pytest.raises(ContractReverted):
        live.move("platform", "Facility", "withdrawFloat", balance, thief)
    live.move("platform", "Facility", "withdrawFloat", balance - held, thief)
    assert live.balance("stranger") - before == FLOAT - held
    assert live.capital()[0] == assets


def test_members__f_of_them_lie__move_no_score_and_lose_no_slot(target):
    live = target.live
    live.next_frame()
    frame = live.now // live.parameters.frame_length - 1
    honest, lie = [3_000] * 16, [10_000] * 16
    vectors = live.committee.vectors(
        live.deployment.domain(ScoreVector), frame, MODEL, {0: lie, 1: honest, 2: honest}
    )
    arguments = (live.committee.version, frame, MODEL, 0, vectors)
    live.move("relayer", "RiskFeed", "report", *arguments)
    assert live.read("RiskFeed", "scoreOf", target.risk)["score"] == 3_000
    first = live.slot(live.now) + 1
    live.wait_until((first + 10) * live.parameters.slot_length)
    live.attest(target.risk, range(first, first + 10), lanes=(0,))
    assert _lost(live, target.risk, first, 10) == 0


def test_members__f_plus_one_are_silent__stop_progress_and_pay_nothing(target):
    live = target.live
    policy = live.policy(target.product, target.risk, target.terms)
    live.wait(target.terms.coverage_lag)
    first = live.slot(live.now) + 1
    live.wait_until((first + 20) * live.parameters.slot_length)
    live.attest(target.risk, range(first, first + 20), lanes=(2, 3))
    settle_after(live, first, 20, target.terms)
    before = live.balance("holder")
    with pytest.raises(ContractReverted) as refusal:
        live.settle(policy, first)
    assert refusal.value.name == "NotARun"
    assert live.balance("holder") == before


def test_members__f_plus_one_lie__bias_a_score_by_the_cap_and_lose_no_slot(target):
    live = target.live
    live.next_frame()
    frame = live.now // live.parameters.frame_length - 1
    honest, lie = [3_000] * 16, [10_000] * 16
    vectors = live.committee.vectors(
        live.deployment.domain(ScoreVector), frame, MODEL, {0: lie, 1: lie, 2: honest}
    )
    arguments = (live.committee.version, frame, MODEL, 0, vectors)
    live.move("relayer", "RiskFeed", "report", *arguments)
    moved = live.read("RiskFeed", "scoreOf", target.risk)["score"] - 3_000
    assert moved == live.parameters.max_move_per_frame
    first = live.slot(live.now) + 1
    live.wait_until((first + 10) * live.parameters.slot_length)
    live.attest(target.risk, range(first, first + 10), lanes=(0, 1))
    assert _lost(live, target.risk, first, 10) == 0


def test_quorum__lies__takes_a_days_ceiling_and_the_appeal_stops_the_rest(target):
    live = target.live
    wide = {"instant_limit": 30_000 * DOLLAR, "unreviewed_limit": 100_000 * DOLLAR}
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, **wide)
    amounts = {"sum_insured": 60_000 * DOLLAR, "loss_per_hour": 60_000 * DOLLAR}
    product = live.product(terms)
    policy = live.policy(product, target.risk, terms, premium=300 * DOLLAR, **amounts)
    appeals = live.appeals()
    live.wait_until((live.now // DAY + 1) * DAY)
    run = live.outage(target.risk, 300)
    settle_after(live, run, 300, terms)
    before = live.balance("holder")
    live.settle(policy, run)
    assert live.balance("holder") - before == CEILING
    live.give("stranger", live.parameters.challenge_bond, "AppealBoard")
    live.move("stranger", "AppealBoard", "challenge", live.claim_id(policy, run), bytes(32))
    live.decide_appeal(appeals, live.claim_id(policy, run), upheld=True)
    live.wait(2 * DAY)
    with pytest.raises(ContractReverted):
        live.move("relayer", "ClaimsDesk", "closeReview", live.claim_id(policy, run))
    assert live.balance("holder") - before == CEILING


@pytest.mark.parametrize("approve", [True, False])
def test_assessors__a_pair_of_them__decides_the_scheduled_amount_and_no_more(target, approve):
    live = target.live
    policy = live.policy(target.product, target.risk, target.terms)
    live.wait(target.terms.coverage_lag)
    run = live.outage(target.risk, 150)
    settle_after(live, run, 150, target.terms)
    live.settle(policy, run)
    scheduled = live.claim(policy, run)["scheduled"]
    before, (assets, _) = live.balance("holder"), live.capital()
    live.wait(target.terms.challenge_window)
    live.decide("assessor_a", policy, run, approve)
    live.decide("assessor_b", policy, run, approve)
    moved = scheduled if approve else 0
    assert live.balance("holder") - before == moved
    assert assets - live.capital()[0] == moved


def test_guardian__stolen_key__delays_by_one_pause_and_takes_nothing(target):
    live = target.live
    policy = live.policy(target.product, target.risk, target.terms)
    live.wait(target.terms.coverage_lag)
    run = live.outage(target.risk, 20)
    settle_after(live, run, 20, target.terms)
    live.move("guardian", "ClaimsDesk", "pause", bytes(32))
    live.settle(policy, run)
    before = live.balance("holder")
    live.wait(live.parameters.pause_length)
    with pytest.raises(ContractReverted):
        live.move("guardian", "ClaimsDesk", "pause", bytes(32))
    live.move("relayer", "ClaimsDesk", "payWaiting", live.claim_id(policy, run))
    due = (200 - target.terms.waiting_period) * DOLLAR
    assert live.balance("holder") - before == due


def test_committee_admin__stolen_key__is_seen_for_the_whole_rotation_delay(target):
    live = target.live
    members = live.committee.members()
    arguments = (members, 1, CONFIG)
    sent = live.move("committee_admin", "OracleCommittee", "propose", *arguments)
    delay = sent.one("CommitteeProposed")["activeFrom"] - live.now
    assert delay == live.parameters.rotation_delay
    assert live.read("OracleCommittee", "currentVersion") == 1


def _lost(live, risk, first, slots):
    epochs = {slot // 64 for slot in range(first, first + slots)}
    masks = [live.read("IncidentRegistry", "masks", risk, epoch)["lost"] for epoch in epochs]
    return sum(mask.bit_count() for mask in masks)
