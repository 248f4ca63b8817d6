"""Turns, reasons to report and plans to attest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracles.domain.incident import Epoch, SlotClock, SlotMasks
from oracles.domain.quorum import (
    NO_SENSOR,
    AttestPlan,
    ChainTerms,
    Committee,
    Frame,
    Held,
    Member,
    ScoreState,
    Signer,
    Timing,
    Turn,
    attest_is_due,
    default_timing,
    line,
    median,
    plan_attest,
    report_reason,
)

TERMS = ChainTerms(60, 30, 10, 300)
TIMING = default_timing(TERMS, 4)
NAMES = [Signer(f"0x{i:040x}") for i in range(1, 5)]
COMMITTEE = Committee(1, tuple(Member(name, name != NAMES[3]) for name in NAMES), 3, 3, 2)
ALL = (1 << 64) - 1


def held(*masks: tuple[int, int]) -> list[Held]:
    pairs = zip(NAMES, masks, strict=False)
    return [Held(name, SlotMasks(*mask), i) for i, (name, mask) in enumerate(pairs)]


def state(score: int, frame: int = 9) -> ScoreState:
    return ScoreState(score, score, Frame(frame), 500)


def test_line__each_round__begins_with_another_and_holds_all() -> None:
    assert [line(COMMITTEE, number)[0] for number in range(5)] == [*NAMES, NAMES[0]]
    assert set(line(COMMITTEE, 7)) == set(NAMES)


def test_line__suspended_member__is_skipped() -> None:
    members = (replace(COMMITTEE.members[0], suspended=True), *COMMITTEE.members[1:])
    assert NAMES[0] not in line(replace(COMMITTEE, members=members), 0)


def test_turn__less_than_a_delay__stays() -> None:
    assert Turn(0, 100).at(109, turn_delay=10) == Turn(0, 100)


def test_turn__a_delay_later__goes_on_by_one() -> None:
    assert Turn(0, 100).at(110, turn_delay=10) == Turn(1, 110)


def test_turn__no_block_for_long__goes_on_by_one_alone() -> None:
    assert Turn(0, 100).at(1_000, turn_delay=10) == Turn(1, 1_000)


def test_median__even_count__is_the_upper_middle() -> None:
    assert median([1, 2, 30, 40]) == 30
    assert median([5, NO_SENSOR, 1]) == 5


@pytest.mark.parametrize(
    ("scores", "states", "frame", "reason"),
    [
        ([100], [ScoreState(500, 500, None, 500)], 10, "first"),
        ([1_000], [state(1_249)], 10, None),
        ([1_000], [state(1_250)], 10, "moved"),
        ([1_000], [replace(state(1_000), uncapped=3_000)], 10, "moved"),
        ([NO_SENSOR], [state(600)], 10, None),
        ([NO_SENSOR], [state(499)], 10, "moved"),
        ([1_000], [state(1_000, frame=9)], 9 + TIMING.heartbeat_frames, "heartbeat"),
        ([1_000], [state(1_000, frame=9)], 8 + TIMING.heartbeat_frames, None),
    ],
)
def test_report_reason__circumstance__reason(
    scores: list[int], states: list[ScoreState], frame: int, reason: str | None
) -> None:
    assert report_reason(scores, states, Frame(frame), TIMING) == reason


def test_plan_attest__below_quorum__nothing() -> None:
    assert plan_attest(held((1, 0), (1, 0)), {}, COMMITTEE, ALL) is None


def test_plan_attest__quorum__all_who_mark_it_in_order_of_signer() -> None:
    plan = plan_attest(held((1, 0), (1, 0), (1, 0), (2, 0))[::-1], {}, COMMITTEE, ALL)
    assert plan is not None
    assert [h.signer for h in plan.chosen] == NAMES
    assert plan.gain == SlotMasks(1, 0)


def test_plan_attest__straggler_after_the_quorum__nothing() -> None:
    recorded = {name: SlotMasks(1, 0) for name in NAMES[:3]}
    assert plan_attest(held((1, 0), (1, 0), (1, 0), (1, 0)), recorded, COMMITTEE, ALL) is None


def test_plan_attest__bit_in_a_closed_slot__that_observation_is_left_out() -> None:
    marks = held((0b11, 0), (0b10, 0), (0b10, 0), (0b10, 0))
    plan = plan_attest(marks, {}, COMMITTEE, ALL & ~1)
    assert plan is not None
    assert [h.signer for h in plan.chosen] == NAMES[1:]


def test_plan_attest__attack_without_loss__nothing() -> None:
    assert plan_attest(held((0, 1), (0, 1), (0, 1)), {}, COMMITTEE, ALL) is None


def test_plan_attest__attack_marked_by_one_who_cannot_see_it__is_left_out() -> None:
    marks = held((1, 0), (1, 1), (1, 1), (1, 1))
    plan = plan_attest(marks, {}, COMMITTEE, ALL)
    assert plan is not None
    assert NAMES[3] not in [h.signer for h in plan.chosen]
    assert plan.gain == SlotMasks(1, 1)


def test_attest_is_due__patience__from_the_end_of_the_oldest_slot() -> None:
    clock = SlotClock(10, 300, 2, 15)
    plan = AttestPlan((), SlotMasks(0b100, 0))
    assert not attest_is_due(plan, Epoch(0), clock, now=59, patience=30)
    assert attest_is_due(plan, Epoch(0), clock, now=60, patience=30)


@pytest.mark.parametrize("n", [4, 7, 16])
@pytest.mark.parametrize("delay", [20, 300, 3_600])
def test_default_timing__any_committee__last_in_line_attests_before_the_slot_closes(
    n: int, delay: int
) -> None:
    timing = default_timing(ChainTerms(10, 30, 2, delay), n)
    assert timing.worst_attest_delay(n) <= delay + n
    assert isinstance(timing, Timing)
