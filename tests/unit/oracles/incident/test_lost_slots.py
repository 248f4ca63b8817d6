"""Lost slots, masks and open slots."""

from __future__ import annotations

import pytest

from oracles.domain.incident import (
    EPOCH_SLOTS,
    Epoch,
    LostRule,
    ProbeResult,
    Slot,
    SlotClock,
    SlotMasks,
    lost_slots,
    mask_of,
    quorum_masks,
    slots_of,
)

RULE = LostRule(min_probes=3)
CLOCK = SlotClock(slot_length=10, max_report_delay=100, arrival=2, margin=5)


def probes(*outcomes: bool, start: int = 100) -> list[ProbeResult]:
    return [ProbeResult((start + i) * 1_000_000, ok) for i, ok in enumerate(outcomes)]


def lost(found: list[ProbeResult]) -> list[int]:
    return list(lost_slots(found, range(20), 10, RULE))


def test_lost_slots__two_failed_probes__is_not_lost() -> None:
    assert lost(probes(False, False)) == []


def test_lost_slots__one_of_many_succeeds__is_not_lost() -> None:
    assert lost(probes(False, False, False, True, False)) == []


def test_lost_slots__no_probes__is_not_lost() -> None:
    assert lost([]) == []


def test_lost_slots__three_failures_across_a_border__is_not_lost() -> None:
    assert lost(probes(False, False, False, start=108)) == []


def test_lost_slots__three_failures_in_one__is_lost_in_any_order() -> None:
    found = probes(False, False, False)
    assert lost(found) == lost(found[::-1]) == [10]


def test_lost_slots__outside_the_range__is_left_out() -> None:
    assert lost_slots(probes(False, False, False), range(11, 20), 10, RULE) == {}


def test_lost_rule__no_probe_needed__is_refused() -> None:
    with pytest.raises(ValueError, match="without probes"):
        LostRule(min_probes=0)


def test_masks__slots_of_two_epochs__only_own_ones_and_back() -> None:
    slots = [Slot(EPOCH_SLOTS * 3 + bit) for bit in (0, 5, 63)]
    mask = mask_of([*slots, Slot(0)], Epoch(3))
    assert mask == 1 | 1 << 5 | 1 << 63
    assert list(slots_of(mask, Epoch(3))) == slots


def test_slot_clock__now__opens_what_has_ended_and_can_be_marked() -> None:
    assert CLOCK.open_slots(1_000) == range(90, 99)
    assert CLOCK.open_slots(1_002) == range(90, 100)
    assert CLOCK.open_slots(1_005) == range(91, 100)


def test_slot_clock__early_chain__opens_nothing_below_zero() -> None:
    assert CLOCK.open_slots(1) == range(0, 0)


def test_quorum_masks__counts_each_bit_alone() -> None:
    lanes = [SlotMasks(0b011, 0b1), SlotMasks(0b010, 0b1), SlotMasks(0b110, 0b10)]
    assert quorum_masks(lanes, 3, 2) == SlotMasks(0b010, 0b1)
