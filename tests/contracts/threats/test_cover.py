"""Attacks by those who buy cover: staged incidents, late cover, replayed quotes, dust."""

from __future__ import annotations

from contracts.client.development import person
from contracts.client.terms import Form, Peril
from tests.contracts.threats.conftest import succeeds
from tests.support.live import DOLLAR

DEPENDENCY = 0
"""Dimension of the exposure ledger."""


def wait_for_settlement(target, run, slots, terms=None):
    terms = terms or target.terms
    target.live.wait_until(target.live.settle_time(run + slots + 3, terms))


def test_self_attack__outages_staged_again_and_again__pay_at_most_the_years_limit(target):
    live = target.live
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, unreviewed_limit=300 * DOLLAR)
    product = live.product(terms)
    policy = live.policy(product, target.risk, terms)
    live.wait(terms.coverage_lag)
    before = live.balance("holder")
    for _ in range(3):
        run = live.outage(target.risk, 20)
        wait_for_settlement(target, run, 20, terms)
        live.settle(policy, run)
    taken = live.balance("holder") - before
    limit = terms.unreviewed_limit + 50 * DOLLAR
    assert taken <= limit, f"{taken} taken without review, limit and premium are {limit}"


def test_late_cover__bound_after_the_incident_began__pays_nothing(target):
    live = target.live
    first = live.slot(live.now) + 1
    live.wait_until(first * live.parameters.slot_length)
    policy = live.policy(target.product, target.risk, target.terms)
    live.wait_until((first + 20) * live.parameters.slot_length)
    live.attest(target.risk, range(first + 1, first + 20))
    wait_for_settlement(target, first, 20)
    before = live.balance("holder")
    succeeds(lambda: live.settle(policy, first + 1))
    taken = live.balance("holder") - before
    assert taken == 0, f"{taken} paid on cover bought when the outage had begun"


def test_dust_policies__beside_one_policy__do_not_multiply_the_instant_limit(target):
    live, terms = target.live, target.terms
    amounts = {"sum_insured": 10_000 * DOLLAR, "loss_per_hour": 10_000 * DOLLAR}
    policies = [
        live.policy(target.product, target.risk, terms, holder=person("holder").address, **amounts)
        for _ in range(3)
    ]
    live.wait(terms.coverage_lag)
    run = live.outage(target.risk, 60)
    wait_for_settlement(target, run, 60)
    before = live.balance("holder")
    live.move("relayer", "ClaimsDesk", "settleMany", policies, run)
    taken = live.balance("holder") - before
    limit = terms.instant_limit
    assert taken <= limit, f"{taken} paid at once on one incident and risk, the limit is {limit}"


def test_replayed_quote__bound_twice__is_one_policy(target):
    live = target.live
    quote = live.quote(target.product, target.risk, target.terms)
    live.bind(quote, 50 * DOLLAR)
    succeeds(lambda: live.bind(quote, 50 * DOLLAR))
    count = live.read("Cell", "locked") // quote.sum_insured
    assert count == 1, f"one quote made {count} policies"


def test_cheap_quote__signed_with_a_stolen_underwriter_key__is_held_by_the_rate_floor(target):
    live = target.live
    quote = live.quote(target.product, target.risk, target.terms, rate=10**14)
    floor = live.read("ProductBook", "rate", target.product, 3_000)
    succeeds(lambda: live.bind(quote, 50 * DOLLAR))
    locked = live.read("Cell", "locked")
    assert locked == 0, f"bound at {quote.rate}, below the table's {floor}"


def test_same_seconds__claimed_from_the_middle_of_a_run__pay_once(target):
    live = target.live
    policy = live.policy(target.product, target.risk, target.terms)
    live.wait(target.terms.coverage_lag)
    run = live.outage(target.risk, 20)
    wait_for_settlement(target, run, 20)
    before = live.balance("holder")
    live.settle(policy, run)
    once = live.balance("holder") - before
    succeeds(lambda: live.settle(policy, run + 1))
    taken = live.balance("holder") - before
    assert taken == once, f"{taken} paid for seconds that are worth {once}"


def test_dependency__insured_by_many__is_bounded_by_its_cap(target):
    live = target.live
    dependency = live.dependency()
    terms = live.terms(Form.POLICY, Peril.DEPENDENCY_OUTAGE)
    product = live.product(terms)
    cap = 15_000 * DOLLAR
    live.move("product_admin", "ExposureLedger", "setCap", DEPENDENCY, dependency, cap)
    for _ in range(3):
        bind = {"dependencies": dependency, "sum_insured": 10_000 * DOLLAR}
        quote = live.quote(product, target.risk, terms, **bind)
        live.give("holder", 50 * DOLLAR, "PolicyBook")
        succeeds(lambda quote=quote: live.send("holder", live.bind_transaction(quote, 50 * DOLLAR)))
    booked, _ = live.read("ExposureLedger", "booked", DEPENDENCY, dependency).values()
    assert booked <= cap, f"{booked} insured on one dependency, its cap is {cap}"
