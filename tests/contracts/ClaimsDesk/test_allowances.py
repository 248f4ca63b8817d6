"""What is paid without a person: per incident and risk, per applicant and year, per day."""

from __future__ import annotations

import pytest

from contracts.client.development import person
from contracts.client.terms import Peril
from tests.contracts.ClaimsDesk.conftest import CEILING, DEPENDENCY, INSTANT, POLICY, RISK, granted
from tests.contracts.ClaimsDesk.test_settle_certificates import post
from tests.contracts.ClaimsDesk.test_settle_certificates import settle as settle_bordereau
from tests.support.reverts import reverts_with

SUM = 1_000_000_000
GRAIN = 2**16
DAY = 86_400


def lose(world, slots=150):
    """A long run on the risk, over, and settled from now on."""
    world.mark([*range(slots)])
    world.after(slots + 4)


def test_share__two_equal_covers_of_a_risk__have_half_the_limit_each(world):
    world.set_cover(1, sum_insured=SUM)
    world.set_cover(2, sum_insured=SUM)
    world.neighbours.setInsured(RISK, 2 * SUM, {"from": world.relayer})
    lose(world)
    assert world.settled(1)[0] == INSTANT // 2
    assert world.settled(2)[0] == INSTANT // 2


def test_share__sums_insured_change_after_the_first__stays_as_it_was(world):
    world.set_cover(1, sum_insured=SUM)
    world.set_cover(2, sum_insured=SUM)
    world.neighbours.setInsured(RISK, 2 * SUM, {"from": world.relayer})
    lose(world)
    world.settle(1)
    world.neighbours.setInsured(RISK, SUM, {"from": world.relayer})
    assert world.settled(2)[0] == INSTANT // 2


def test_share__kept_when_a_bordereau_was_settled__holds_for_a_policy(world):
    world.neighbours.setInsured(RISK, 2 * SUM, {"from": world.relayer})
    lose(world)
    post(world)
    settle_bordereau(world)
    world.neighbours.setInsured(RISK, SUM, {"from": world.relayer})
    assert world.settled()[0] == INSTANT // 2


def test_share__kept_by_a_dependency_outage__holds_for_a_service_outage(world):
    world.set_terms(peril=Peril.DEPENDENCY_OUTAGE)
    world.set_cover(1, sum_insured=SUM, dependencies=DEPENDENCY)
    world.mark([*range(150)], subject=2**32 + DEPENDENCY)
    world.neighbours.setInsured(RISK, 2 * SUM, {"from": world.relayer})
    lose(world)
    world.settle(1)
    world.set_terms(peril=Peril.SERVICE_OUTAGE)
    world.neighbours.setInsured(RISK, SUM, {"from": world.relayer})
    assert world.settled()[0] == INSTANT // 2


def test_share__kept_for_one_run__leaves_the_next_run_and_the_year_alone(world):
    applicant = person("applicant").address
    world.neighbours.setInsured(RISK, 2 * SUM, {"from": world.relayer})
    world.mark([*range(20), *range(40, 60)])
    world.after(80)
    first = world.settled()[0]
    assert first == INSTANT // 2
    world.neighbours.setInsured(RISK, SUM, {"from": world.relayer})
    assert world.settled(run=40)[0] == INSTANT
    grains = -(-first // GRAIN) - (-INSTANT // GRAIN)
    assert world.desk.unreviewedOf(applicant) == grains * GRAIN


def test_share__dust_beside_a_policy__adds_nothing_to_the_limit(world):
    policies = range(1, 6)
    for policy in policies:
        world.set_cover(policy, sum_insured=SUM if policy == 1 else SUM // 100)
    world.neighbours.setInsured(RISK, SUM + 4 * SUM // 100, {"from": world.relayer})
    lose(world)
    transaction = world.desk.settleMany(list(policies), world.run(), {"from": world.relayer})
    paid = [granted(transaction, policy)[0] for policy in policies]
    assert paid[0] == INSTANT * 100 // 104
    assert sum(paid) <= INSTANT


def test_year__limit_used_up__sends_the_rest_to_the_assessors(world):
    world.set_terms(unreviewed_limit=4 * GRAIN)
    world.mark([*range(8), *range(20, 28)])
    world.after(40)
    assert world.settled() == (4 * GRAIN, 500_000 - 4 * GRAIN)
    assert world.desk.unreviewedOf(person("applicant").address) == 4 * GRAIN
    assert world.settled(run=20) == (0, 500_000)


def test_year__premium_consumed__raises_the_limit(world):
    world.set_terms(unreviewed_limit=GRAIN)
    world.neighbours.setEarned(POLICY, 2 * GRAIN, {"from": world.relayer})
    world.mark([*range(8)])
    world.after(20)
    assert world.settled() == (3 * GRAIN, 500_000 - 3 * GRAIN)


def test_year__other_applicant__has_a_limit_of_its_own(world):
    world.set_terms(unreviewed_limit=4 * GRAIN)
    world.neighbours.setApplicant(RISK + 1, person("stranger").address, {"from": world.relayer})
    world.set_cover(2, risk=RISK + 1)
    world.mark([*range(8)])
    world.mark([*range(8)], subject=RISK + 1)
    world.after(20)
    assert world.settled()[0] == world.settled(2)[0] == 4 * GRAIN


def test_year__dependency_outage__is_not_counted(world):
    world.set_terms(peril=Peril.DEPENDENCY_OUTAGE, unreviewed_limit=0)
    world.set_cover(dependencies=DEPENDENCY)
    world.mark([*range(8)])
    world.mark([*range(8)], subject=2**32 + DEPENDENCY)
    world.after(20)
    assert world.settled() == (500_000, 0)


@pytest.fixture
def over_ceiling(world):
    """A claim of 60 million without review, where a day's ceiling is 50."""
    world.set_terms(instant_limit=CEILING * 2)
    world.set_cover(loss_per_hour=36_000_000 * 20)
    world.mark([*range(33)])
    world.after(40)
    return world


def test_ceiling__claim_above_it__pays_up_to_it_and_lets_the_rest_wait(over_ceiling):
    world = over_ceiling
    transaction = world.settle()
    assert transaction.events["ClaimPaid"]["amount"] == CEILING
    assert transaction.events["PaymentDelayed"]["amount"] == 60_000_000 - CEILING
    payee, amount = world.desk.waitingOf(world.claim())
    assert (payee, int(amount)) == (person("holder").address, 10_000_000)
    assert world.desk.committedOf(POLICY) == 60_000_000


def test_pay_waiting__same_day__is_refused(over_ceiling):
    world = over_ceiling
    world.settle()
    end = (world.chain[-1].timestamp // DAY + 1) * DAY
    with reverts_with("CeilingReached", world.neighbours, end):
        world.send(world.desk.payWaiting, world.claim())


def test_pay_waiting__next_day__pays_the_rest_once(over_ceiling):
    world = over_ceiling
    world.settle()
    world.chain.sleep(DAY)
    world.chain.mine()
    transaction = world.send(world.desk.payWaiting, world.claim())
    holder = person("holder").address
    assert transaction.events["Paid"] == {"payee": holder, "amount": 10_000_000}
    with reverts_with("NothingDue", world.claim()):
        world.send(world.desk.payWaiting, world.claim())


def test_ceiling__other_claim_on_the_same_day__waits_whole(over_ceiling):
    world = over_ceiling
    world.set_cover(2, loss_per_hour=36_000_000 * 20)
    world.settle()
    transaction = world.settle(2)
    assert "Paid" not in transaction.events
    assert transaction.events["PaymentDelayed"]["amount"] == 60_000_000
