"""What a policy is due, and when, from the masks that the members left."""

from __future__ import annotations

import pytest

from contracts.client.development import person
from contracts.client.terms import Peril
from tests.contracts.ClaimsDesk.conftest import (
    CHALLENGE,
    CLAIM_WINDOW,
    DELAY,
    DEPENDENCY,
    HOLD,
    INSTANT,
    LAG,
    POLICY,
    REVIEW,
    RISK,
    SLOT,
    WAITING,
    granted,
)
from tests.support.reverts import reverts_with

PER_SLOT = 100_000
"""Token units that a slot of loss is worth."""


def test_settle__slot_within_the_hold_window__is_refused(world):
    world.mark([0, 1, 2, 3, 4])
    world.at(SLOT + DELAY + HOLD - 3)
    with reverts_with("RunNotSettleable", world.run(), world.time(1) + DELAY + HOLD):
        world.settle()


def test_settle__slot_not_marked__is_refused(world):
    world.mark([1, 2, 3, 4, 5])
    world.after(10)
    with reverts_with("NotARun", world.run()):
        world.settle()


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_settle__marked_slot_within_the_merge_gap_before__is_refused(world, gap):
    world.mark([-1 - gap, *range(20)])
    world.after(30)
    with reverts_with("NotARun", world.run()):
        world.settle()


def test_settle__unmarked_slots_of_the_gap_before__begin_a_run(world):
    world.mark([-4, *range(5)])
    world.after(10)
    assert world.settled() == (2 * PER_SLOT, 0)


def test_settle__not_in_force_at_the_start__is_refused(world):
    world.mark([*range(5)])
    world.set_cover(in_force=False)
    world.after(10)
    with reverts_with("NotCovered", POLICY, world.run()):
        world.settle()


def test_settle__run_begins_one_second_before_the_lag_has_passed__is_refused(world):
    world.mark([*range(50)])
    world.set_cover(start=world.time(0) - LAG + 1)
    world.after(60)
    with reverts_with("NotCovered", POLICY, world.run()):
        world.settle()


def test_settle__run_begins_as_the_lag_has_passed__pays(world):
    world.mark([*range(5)])
    world.set_cover(start=world.time(0) - LAG)
    world.after(10)
    assert world.settled() == (2 * PER_SLOT, 0)


def test_settle__run_begins_as_cover_ends__is_refused(world):
    world.mark([*range(5)])
    world.set_cover(end=world.time(0))
    world.after(10)
    with reverts_with("NotCovered", POLICY, world.run()):
        world.settle()


def test_settle__after_the_claim_window__is_refused(world):
    world.mark([*range(5)])
    end = world.time(3)
    world.set_cover(end=end)
    world.at(3 * SLOT + DELAY + CLAIM_WINDOW)
    with reverts_with("ClaimWindowClosed", end + DELAY + CLAIM_WINDOW, ...):
        world.settle()


def test_settle__capital_of_the_policy_released__is_refused(world):
    world.mark([*range(5)])
    world.neighbours.setReleased(POLICY, {"from": world.relayer})
    world.after(10)
    with reverts_with("NotCovered", POLICY, world.run()):
        world.settle()


def test_settle__run_no_longer_than_the_waiting_period__pays_nothing(world):
    world.mark([*range(WAITING // SLOT)])
    world.after(10)
    with reverts_with("NothingDue", world.claim()):
        world.settle()


def test_settle__same_run_again__pays_nothing(world):
    world.mark([*range(5)])
    world.after(10)
    world.settle()
    with reverts_with("NothingDue", world.claim()):
        world.settle()


def test_settle__five_slots__pays_two_after_the_waiting_period(world):
    world.mark([*range(5)])
    world.after(10)
    transaction = world.settle()
    assert granted(transaction, POLICY) == (2 * PER_SLOT, 0)
    holder = person("holder").address
    assert transaction.events["Paid"] == {"payee": holder, "amount": 2 * PER_SLOT}
    assert transaction.events["ClaimPaid"] == {
        "claim": world.claim(),
        "policy": POLICY,
        "payee": holder,
        "amount": 2 * PER_SLOT,
        "seconds_": 50,
        "reviewed": False,
    }
    assert world.desk.committedOf(POLICY) == 2 * PER_SLOT


@pytest.mark.parametrize(
    ("marked", "slots"),
    [
        ([*range(5), 7, 8], 9),  # two clear slots: 20 s < 30 s
        ([*range(5), 8, 9], 5),  # three clear slots: 30 s
        ([*range(60, 70)], 10),  # over the border of an epoch
        ([*range(60, 64), 66, 67], 8),  # a gap over the border of an epoch
        ([*range(62, 200)], 138),  # over several epochs
    ],
)
def test_settle__gaps__count_while_shorter_than_the_merge_gap(world, marked, slots):
    world.set_terms(instant_limit=10**12)
    world.mark(marked)
    world.after(300)
    paid, _ = world.settled(run=marked[0])
    assert paid == (slots - WAITING // SLOT) * PER_SLOT


def test_settle__cover_ends_within_the_run__pays_the_seconds_before(world):
    world.mark([*range(20)])
    world.set_cover(end=world.time(4) + 7)
    world.after(30)
    assert world.settled() == ((47 - WAITING) * PER_SLOT // SLOT, 0)


def test_settle__cover_ends_within_a_bridged_gap__counts_the_gap_before(world):
    world.mark([*range(5), 7])
    world.set_cover(end=world.time(6))
    world.after(30)
    assert world.settled() == (3 * PER_SLOT, 0)


def test_settle__fraction_of_a_unit__is_rounded_down(world):
    world.mark([*range(5)])
    world.set_cover(loss_per_hour=3_599)
    world.after(10)
    assert world.settled() == (20 * 3_599 // 3_600, 0)


def test_settle__run_still_going_on__pays_the_closed_part_and_later_the_rest(world):
    world.mark([*range(10)])
    world.after(5)
    first, _ = world.settled()
    world.after(20)
    transaction = world.settle()
    assert first == 2 * PER_SLOT
    assert granted(transaction, POLICY) == (5 * PER_SLOT, 0)
    assert world.desk.committedOf(POLICY) == 7 * PER_SLOT


def test_settle__more_than_the_instant_limit__waits_until_the_run_is_over(world):
    world.mark([*range(30)])
    world.after(20)
    assert world.settled() == (INSTANT, 0)
    world.after(30)
    with reverts_with("NothingDue", world.claim()):
        world.settle()
    world.after(33)
    transaction = world.settle()
    scheduled = 27 * PER_SLOT - INSTANT
    assert granted(transaction, POLICY) == (0, scheduled)
    event = transaction.events["ClaimScheduled"]
    assert event["amount"] == scheduled
    assert event["decideFrom"] == transaction.timestamp + CHALLENGE
    assert event["deadline"] == event["decideFrom"] + REVIEW - 1
    assert "Paid" not in transaction.events
    assert world.desk.committedOf(POLICY) == 27 * PER_SLOT


def test_settle__sum_insured_reached_while_the_run_goes_on__schedules_at_once(world):
    world.mark([*range(60)])
    world.set_cover(sum_insured=2 * INSTANT)
    world.after(24)
    assert world.settled() == (INSTANT, INSTANT)


def test_settle__several_runs__share_the_sum_insured(world):
    world.mark([*range(10), *range(20, 40)])
    world.set_cover(sum_insured=10 * PER_SLOT)
    world.after(50)
    assert world.settled() == (7 * PER_SLOT, 0)
    assert world.settled(run=20) == (3 * PER_SLOT, 0)
    with reverts_with("NothingDue"):
        world.settle()
    assert world.desk.committedOf(POLICY) == 10 * PER_SLOT


def test_settle__runs_in_another_order__are_due_the_same_in_all(world):
    world.mark([*range(10), *range(20, 25)])
    world.after(22)
    assert world.settled() == (7 * PER_SLOT, 0)
    world.after(50)
    assert world.settled(run=20) == (2 * PER_SLOT, 0)
    for run in (0, 20):
        with reverts_with("NothingDue", world.claim(run=run)):
            world.settle(run=run)
    assert world.desk.claimOf(world.claim())["instant"] == 7 * PER_SLOT
    assert world.desk.claimOf(world.claim(run=20))["instant"] == 2 * PER_SLOT


def test_settle__earlier_run_after_a_later_one__pays_each_second_once(world):
    world.mark([*range(10), *range(20, 30)])
    world.after(5)
    assert world.settled() == (2 * PER_SLOT, 0)
    world.after(40)
    assert world.settled(run=20) == (7 * PER_SLOT, 0)
    assert world.settled() == (5 * PER_SLOT, 0)
    assert world.desk.committedOf(POLICY) == 14 * PER_SLOT


def test_settle__lost_without_attack__does_not_pay_service_attack(world):
    world.set_terms(peril=Peril.SERVICE_ATTACK)
    world.mark([*range(10)])
    world.after(20)
    with reverts_with("NotARun", world.run()):
        world.settle()


def test_settle__service_attack__counts_slots_lost_and_attacked(world):
    world.set_terms(peril=Peril.SERVICE_ATTACK)
    world.mark([*range(10)], attacked=[*range(2, 8), *range(40, 50)])
    world.after(20)
    assert world.settled(run=2) == (3 * PER_SLOT, 0)


def test_settle__dependency_down_but_service_up__pays_nothing(world):
    world.set_terms(peril=Peril.DEPENDENCY_OUTAGE)
    world.set_cover(dependencies=DEPENDENCY)
    world.mark([*range(10)], subject=2**32 + DEPENDENCY)
    world.after(20)
    with reverts_with("NotARun", world.run()):
        world.settle()


def test_settle__two_dependencies__count_seconds_of_either_once(world):
    world.set_terms(peril=Peril.DEPENDENCY_OUTAGE)
    world.set_cover(dependencies=DEPENDENCY | 9 << 32)
    world.mark([*range(10)])
    world.mark([*range(4)], subject=2**32 + DEPENDENCY)
    world.mark([*range(2, 8)], subject=2**32 + 9)
    world.after(20)
    assert world.settled() == (5 * PER_SLOT, 0)


def test_settle__other_risk_lost__pays_nothing(world):
    world.mark([*range(10)], subject=RISK + 1)
    world.after(20)
    with reverts_with("NotARun", world.run()):
        world.settle()
