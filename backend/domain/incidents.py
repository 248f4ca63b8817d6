"""Incidents of a subject: runs of the slots that the quorum's masks mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .liability import Run, runs

SLOTS_PER_EPOCH = 64


@dataclass(frozen=True, slots=True)
class Masks:
    """The quorum's marks of one epoch; bit 0 is its first slot."""

    lost: int
    attacked: int


@dataclass(frozen=True, slots=True)
class Incident:
    """A run of lost slots, and how many of its slots were lost and attacked."""

    run: Run
    lost_slots: int
    attacked_slots: int


def slots_of(masks: Mapping[int, int]) -> Iterator[int]:
    """Marked slots in order; `masks` by epoch."""
    for epoch in sorted(masks):
        mask = masks[epoch]
        for bit in range(SLOTS_PER_EPOCH):
            if mask >> bit & 1:
                yield epoch * SLOTS_PER_EPOCH + bit


def lost_slots(masks: Mapping[int, Masks]) -> list[int]:
    return list(slots_of({epoch: marks.lost for epoch, marks in masks.items()}))


def attacked_slots(masks: Mapping[int, Masks]) -> list[int]:
    """Slots that are lost and attacked."""
    return list(slots_of({epoch: m.lost & m.attacked for epoch, m in masks.items()}))


def incidents_of(masks: Mapping[int, Masks], slot_length: int, merge_gap: int) -> list[Incident]:
    """Runs of lost slots, gaps shorter than `merge_gap` seconds closed, in order."""
    lost, attacked = lost_slots(masks), set(attacked_slots(masks))
    found = []
    for run in runs(lost, slot_length, merge_gap):
        inside = [slot for slot in lost if run.first <= slot <= run.last]
        found.append(Incident(run, len(inside), sum(slot in attacked for slot in inside)))
    return found
