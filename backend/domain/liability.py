"""What a cover is due from marked slots: the contract's rule, written another way.

Slot s is the seconds [s * slot_length, (s + 1) * slot_length). Neighbouring marked slots, and
marked slots with clear ones of less than `merge_gap` seconds between them, form one run, in which
the clear ones count as lost. A run that begins outside of cover, or before the coverage lag has
passed, pays nothing; its seconds end with the cover; the waiting period is taken off; the rest is
paid by the declared loss per hour, rounded down, and the sum insured bounds all runs together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Run:
    """A maximal run of marked slots, both ends included."""

    first: int
    last: int

    def seconds(self, slot_length: int, until: int) -> int:
        """Its seconds before second `until`."""
        end = min((self.last + 1) * slot_length, until)
        return max(0, end - self.first * slot_length)


@dataclass(frozen=True, slots=True)
class CoverTerms:
    """The part of a cover and its product that decides what is due; seconds and token units."""

    start: int
    end: int
    sum_insured: int
    loss_per_hour: int
    coverage_lag: int
    waiting_period: int
    merge_gap: int
    instant_limit: int


@dataclass(frozen=True, slots=True)
class Due:
    """What is payable now without review, and what goes to the assessors, token units."""

    instant: int
    reviewed: int
    seconds: int


class NoDue(Enum):
    """Why nothing is due."""

    NOT_SETTLED = "the slot may still change"
    NOT_A_RUN = "the slot is not the first of a run"
    NOT_COVERED = "the run began outside of cover"
    NOTHING = "nothing more is due"


def runs(marked: Iterable[int], slot_length: int, merge_gap: int) -> list[Run]:
    """The maximal runs of a set of marked slots, in order."""
    found: list[Run] = []
    for slot in sorted(set(marked)):
        clear = slot - found[-1].last - 1 if found else 0
        if found and (clear == 0 or clear * slot_length < merge_gap):
            found[-1] = Run(found[-1].first, slot)
        else:
            found.append(Run(slot, slot))
    return found


def payout_down(seconds: int, waiting_period: int, loss_per_hour: int) -> int:
    """Token units for the seconds of one run, rounded down."""
    return max(0, seconds - waiting_period) * loss_per_hour // HOUR


def due(
    cover: CoverTerms,
    marked: Iterable[int],
    run_start: int,
    settled_before: int,
    slot_length: int,
    committed_elsewhere: int = 0,
    booked: Due | None = None,
) -> Due | NoDue:
    """What the run that starts at slot `run_start` adds for a policy now.

    :param marked: slots that concern the cover
    :param settled_before: first slot that may still change or is within the hold window
    :param committed_elsewhere: paid and scheduled from the policy's other runs, token units
    :param booked: what was granted from this run before
    """
    known = [slot for slot in marked if slot < settled_before]
    start = run_start * slot_length
    if not (cover.start + cover.coverage_lag <= start < cover.end):
        return NoDue.NOT_COVERED
    if run_start >= settled_before:
        return NoDue.NOT_SETTLED
    run = next((r for r in runs(known, slot_length, cover.merge_gap) if r.first == run_start), None)
    if run is None:
        return NoDue.NOT_A_RUN
    granted = booked or Due(0, 0, 0)
    most = max(0, cover.sum_insured - committed_elsewhere)
    needed = cover.waiting_period
    needed += -(-most * HOUR // cover.loss_per_hour) if cover.loss_per_hour else 0
    until = min(start + needed, cover.end)
    seconds = run.seconds(slot_length, until)
    total = min(payout_down(seconds, cover.waiting_period, cover.loss_per_hour), most)
    more = total - granted.instant - granted.reviewed
    instant = max(0, min(more, cover.instant_limit - granted.instant))
    clear = settled_before - run.last - 1
    over = clear > 0 and clear * slot_length >= cover.merge_gap
    final = over or start + seconds == until
    reviewed = max(0, more - instant) if final else 0
    if instant + reviewed == 0:
        return NoDue.NOTHING
    return Due(instant, reviewed, seconds)
