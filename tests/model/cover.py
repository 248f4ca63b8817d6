"""Streamed cover and its claims in plain integers: consumed premium, lapse, runs, what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

YEAR = 31_536_000
ONE = 10**18
LANES, LANE_WIDTH = 16, 625


@dataclass(frozen=True)
class Tariff:
    """Rates by score lane, in units of 1e18 fixed point a year."""

    rates: tuple[int, ...]
    unit: int

    def rate(self, score: int) -> int:
        """Rate units of a score."""
        return self.rates[min(LANES - 1, score // LANE_WIDTH)]


@dataclass
class Scores:
    """One risk's effective score over time."""

    moves: list[tuple[int, int]] = field(default_factory=list)

    def set(self, score: int, now: int) -> None:
        self.moves.append((now, score))

    def pieces(self, begin: int, end: int) -> Iterable[tuple[int, int, int]]:
        """(from, to, score) over [begin, end)."""
        times = [time for time, _ in self.moves[1:]] + [end]
        for (time, score), until in zip(self.moves, times, strict=True):
            low, high = max(time, begin), min(until, end)
            if low < high:
                yield low, high, score


@dataclass
class Segment:
    """A stretch of paid cover; money in token units, loading in rate units."""

    start: int
    funds: int
    collected: int = 0


@dataclass
class Policy:
    """A policy; `stop` is the second at which its cover was ended, if it was."""

    number: int
    holder: str
    risk: int
    sum_insured: int
    loss_per_hour: int
    loading: int
    end: int
    segments: list[Segment]
    past: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of segments that lapsed before cover began again."""
    stop: int | None = None
    settled: bool = False
    released: bool = False
    granted: dict[int, int] = field(default_factory=dict)
    """Token units by first slot of the run."""

    @property
    def segment(self) -> Segment:
        return self.segments[-1]

    def consumed(self, tariff: Tariff, scores: Scores, until: int) -> tuple[int, int]:
        """(first second that is not paid for, premium up to it, rounded up) of the segment.

        Premium = sum insured x sum of rate x seconds; the last second is the last that the funds
        pay in full.
        """
        until = min(until, self.end)
        most = self.segment.funds * ONE * YEAR
        growth, second = 0, self.segment.start
        for low, high, score in scores.pieces(self.segment.start, until):
            slope = (tariff.rate(score) + self.loading) * tariff.unit * self.sum_insured
            seconds = min(high - low, (most - growth) // slope)
            growth += slope * seconds
            second = low + seconds
            if seconds < high - low:
                break
        return second, -(-growth // (ONE * YEAR))

    def cover(self, tariff: Tariff, scores: Scores, at: int, now: int) -> tuple[int, int] | None:
        """(start, end) of the stretch of cover that holds second `at`, as far as known at `now`."""
        for start, end in self.past:
            if start <= at < end:
                return start, end
        if self.stop is not None:
            end = self.stop
        else:
            reached = min(now, self.end)
            second, _ = self.consumed(tariff, scores, reached)
            end = second if second < reached else self.end
        return (self.segment.start, end) if self.segment.start <= at < end else None


def runs(slots: Iterable[int], gap: int) -> list[tuple[int, int]]:
    """(first, last) of maximal runs; at most `gap` clear slots are bridged."""
    found: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if found and slot - found[-1][1] - 1 <= gap:
            found[-1] = (found[-1][0], slot)
        else:
            found.append((slot, slot))
    return found


@dataclass(frozen=True)
class ClaimTerms:
    """The product's terms that decide a claim, seconds."""

    slot: int
    report_delay: int
    hold: int
    lag: int
    waiting: int
    merge_gap: int
    claim_window: int

    def run_at(self, slots: Iterable[int], first: int, now: int) -> tuple[int, int] | None:
        """(start, end) in seconds of the run that begins with a slot, out of settled slots."""
        before = (now - self.hold - self.report_delay) // self.slot
        bridged = (self.merge_gap - 1) // self.slot if self.merge_gap else 0
        for begin, last in runs((s for s in slots if s < before), bridged):
            if begin == first:
                return begin * self.slot, (last + 1) * self.slot
        return None

    def due(self, seconds: int, loss_per_hour: int) -> int:
        """Token units, rounded down."""
        return max(0, seconds - self.waiting) * loss_per_hour // 3_600
