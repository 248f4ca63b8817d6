"""Runs of lost slots: the incidents of a subject, from the quorum's masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SLOTS_PER_EPOCH = 64


@dataclass(frozen=True, slots=True)
class Masks:
    """The quorum's marks of one epoch; bit 0 is its first slot."""

    lost: int
    attacked: int


@dataclass(frozen=True, slots=True)
class Run:
    """A maximal run of marked slots; `first` and `last` are slots, both marked."""

    first: int
    last: int
    lost_slots: int
    attacked_slots: int


def marked_slots(masks: Mapping[int, Masks]) -> Iterator[tuple[int, bool]]:
    """Lost slots in order, each with whether it was attacked; `masks` by epoch."""
    for epoch in sorted(masks):
        marks = masks[epoch]
        for bit in range(SLOTS_PER_EPOCH):
            if marks.lost >> bit & 1:
                yield epoch * SLOTS_PER_EPOCH + bit, bool(marks.attacked >> bit & 1)


def runs_of(
    masks: Mapping[int, Masks], slot_length: int, merge_gap: int, attacked_only: bool = False
) -> list[Run]:
    """Runs of lost slots; gaps shorter than `merge_gap` seconds are closed.

    :param attacked_only: take only slots that are lost and attacked
    """
    found: list[Run] = []
    for slot, attacked in marked_slots(masks):
        if attacked_only and not attacked:
            continue
        last = found[-1] if found else None
        if last is not None and (
            slot == last.last + 1 or (slot - last.last - 1) * slot_length < merge_gap
        ):
            found[-1] = Run(last.first, slot, last.lost_slots + 1, last.attacked_slots + attacked)
        else:
            found.append(Run(slot, slot, 1, int(attacked)))
    return found
