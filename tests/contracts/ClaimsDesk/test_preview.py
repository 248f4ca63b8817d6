"""The preview says what `settle` then does, and both agree with the rule written in Python."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from backend.domain.liability import CoverTerms, Due, NoDue, due
from contracts.client.terms import Peril
from tests.contracts.ClaimsDesk.conftest import POLICY, SLOT, granted
from tests.support.reverts import reverts_with

ERRORS = {
    NoDue.NOT_SETTLED: "RunNotSettleable",
    NoDue.NOT_A_RUN: "NotARun",
    NoDue.NOT_COVERED: "NotCovered",
    NoDue.NOTHING: "NothingDue",
}


def slots_of(pieces: list[int]) -> list[int]:
    """Marked slots from the lengths of clear and marked pieces in turn."""
    marked, at = [], 0
    for number, length in enumerate(pieces):
        if number % 2:
            marked += range(at, at + length)
        at += length
    return marked


def test_preview__nothing_due__says_why(world):
    world.after(5)
    with reverts_with("NotARun", world.run()):
        world.desk.preview(POLICY, world.run())


def test_preview__something_due__is_what_settle_does(world):
    world.mark([*range(30)])
    world.after(40)
    instant, scheduled, seconds = world.desk.preview(POLICY, world.run())
    transaction = world.settle()
    assert granted(transaction, POLICY) == (instant, scheduled)
    assert seconds == transaction.events["ClaimPaid"]["seconds_"] == 300


@pytest.mark.parametrize("seed", [1, 2])
def test_preview__random_masks__agrees_with_the_python_rule(world, seed):
    outcomes = Counter(compare(world, Random(seed * 1_000 + number)) for number in range(60))
    assert set(outcomes) == {*NoDue, Due}


def compare(world, random: Random) -> NoDue | type[Due]:
    """Draws a scenario, asserts that both rules agree on it, and says how it came out."""
    pieces = [random.randint(1, 40) for _ in range(random.randint(2, 12))]
    cover_slots = random.randint(-40, 8), random.randint(20, 260)
    merge_gap = random.choice([0, 1, 10, 11, 30, 95, 300])
    waiting = random.choice([0, 10, 35, 100])
    loss_per_hour = random.choice([0, 1, 3_599, 36_000_000])
    sum_insured = random.choice([1, 900_000, 10**10])
    instant_limit = random.choice([0, 5_000, 10**9])
    attacked = random.random() < 0.5
    frontier = random.randint(1, 240)
    marked = slots_of(pieces)
    run = world.run(random.choice([marked[0], marked[0], random.choice(marked)]))
    lost = marked if not attacked else [*marked, 200, 201]
    cover = {
        "sum_insured": sum_insured,
        "loss_per_hour": loss_per_hour,
        "start": world.time(cover_slots[0]) + 3,
        "end": world.time(cover_slots[1]) + 7,
    }
    limits = {"merge_gap": merge_gap, "waiting_period": waiting, "instant_limit": instant_limit}
    peril = Peril.SERVICE_ATTACK if attacked else Peril.SERVICE_OUTAGE
    terms = replace(world.terms, peril=peril, **limits).as_struct()
    settled_before = world.run(frontier)
    scenario = (terms, world.cover(**cover), *world.masks(lost, marked), settled_before)
    rule = CoverTerms(**cover, coverage_lag=world.terms.coverage_lag, **limits)
    expected = due(rule, map(world.run, marked), run, settled_before, SLOT)

    def preview():
        return world.neighbours.previewIn.call(scenario, world.desk, POLICY, run)

    if isinstance(expected, Due):
        assert [int(v) for v in preview()] == [
            expected.instant,
            expected.reviewed,
            expected.seconds,
        ]
    else:
        with reverts_with(ERRORS[expected]):
            preview()
    return type(expected) if isinstance(expected, Due) else expected
