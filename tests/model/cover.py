"""Streamed cover in plain integers: segments, consumed premium, endorsements, lapse, cover.

A policy is a list of segments. An endorsement that acts and a top-up after a lapse each close one
and begin the next; everything else follows from the segments and the path of the risk's score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .capital import Refused

YEAR = 31_536_000
ONE = 10**18
LANES, LANE_WIDTH = 16, 625
MOST_FILED = 32
MOST_DEPENDENCIES = 4


def rounded_up(amount: int, divisor: int) -> int:
    """The quotient, rounded up."""
    return -(-amount // divisor)


@dataclass(frozen=True)
class Tariff:
    """Rates by score lane, in units of 1e18 fixed point a year."""

    rates: tuple[int, ...]
    unit: int

    def rate(self, score: int) -> int:
        """Rate units of a score."""
        return self.rates[min(LANES - 1, score // LANE_WIDTH)]

    @property
    def top(self) -> int:
        """Rate units of the highest score."""
        return self.rates[-1]


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


@dataclass(frozen=True)
class Sums:
    """What a stretch of cover insures: token units, token units an hour, rate units, indices."""

    insured: int
    hourly: int
    loading: int = 0
    dependencies: frozenset[int] = frozenset()


@dataclass
class Segment:
    """A stretch of paid cover on one set of terms; `end` and `earned` once it has ended."""

    cover_start: int
    start: int
    sums: Sums
    funds: int
    end: int | None = None
    earned: int = 0


@dataclass(frozen=True)
class Cover:
    """The stretch of cover that holds a second, as far as known."""

    start: int
    end: int
    sums: Sums


@dataclass
class Policy:
    """A policy; what was booked for it only grows."""

    number: int
    product: int
    holder: str
    risk: int
    end: int
    segments: list[Segment]
    booked: int
    booked_dependencies: frozenset[int]
    change: tuple[int, Sums] | None = None
    """An endorsement that waits: when it acts, and what it changes to."""
    lapsed_at: int | None = None
    settled: bool = False
    released: bool = False
    moved: int = 0
    """Premium that was moved to the cell."""

    @property
    def segment(self) -> Segment:
        return self.segments[-1]

    @property
    def sums(self) -> Sums:
        return self.segment.sums

    def _growth(
        self, segment: Segment, tariff: Tariff, scores: Scores, until: int
    ) -> tuple[int, int]:
        """(first second that is not paid for, exact premium x ONE x YEAR up to it)."""
        most = segment.funds * ONE * YEAR
        growth, second = 0, segment.start
        for low, high, score in scores.pieces(segment.start, until):
            slope = (tariff.rate(score) + segment.sums.loading) * tariff.unit * segment.sums.insured
            seconds = min(high - low, (most - growth) // slope)
            growth += slope * seconds
            second = low + seconds
            if seconds < high - low:
                break
        return second, growth

    def consumed(self, tariff: Tariff, scores: Scores, until: int) -> tuple[int, int]:
        """(first second that is not paid for, premium up to it, rounded up) of the last segment.

        Premium = sum insured x sum of rate x seconds; the last second is the last that the funds
        pay in full.
        """
        second, growth = self._growth(self.segment, tariff, scores, until)
        return second, rounded_up(growth, ONE * YEAR)

    def advance(self, tariff: Tariff, scores: Scores, now: int) -> None:
        """Lets a waiting endorsement act, and finds a lapse."""
        if self.settled or self.lapsed_at is not None:
            return
        if self.change is not None and now >= self.change[0]:
            at, sums = self.change
            second, premium = self.consumed(tariff, scores, at)
            if second == at:
                self.turn(at, premium, sums)
                self.change = None
        until = min(now, self.end)
        second, _ = self.consumed(tariff, scores, until)
        if second < until:
            self.lapsed_at, self.change = second, None

    def turn(self, time: int, premium: int, sums: Sums) -> None:
        """Ends the last segment and begins the next without a gap."""
        last = self.segment
        last.end, last.earned = time, premium
        self._begin(replace_segment(last, time, sums, last.funds - premium))

    def begin_again(self, premium: int, now: int, amount: int) -> None:
        """New cover after a lapse, with what the lapsed segment left and a payment."""
        last = self.segment
        last.end, last.earned = self.lapsed_at, premium
        self.lapsed_at = None
        self._begin(Segment(now, now, last.sums, last.funds - premium + amount))

    def _begin(self, segment: Segment) -> None:
        """:raises Refused: the policy has had too many segments"""
        if len(self.segments) > MOST_FILED:
            raise Refused("TooManySegments")
        self.segments.append(segment)

    def earned(self, tariff: Tariff, scores: Scores, now: int) -> int:
        """Token units consumed until now, over all segments."""
        return sum(s.earned for s in self.segments[:-1]) + self.earned_last(tariff, scores, now)

    def earned_last(self, tariff: Tariff, scores: Scores, now: int) -> int:
        """Token units that the last segment consumed until now."""
        if self.segment.end is not None:
            return self.segment.earned
        return self.consumed(tariff, scores, min(now, self.end))[1]

    def exact(self, tariff: Tariff, scores: Scores, now: int) -> Fraction:
        """Sum insured x sum of rate x seconds over all segments, before any rounding."""
        total = 0
        for segment in self.segments:
            until = segment.end if segment.end is not None else min(now, self.end)
            total += self._growth(segment, tariff, scores, until)[1]
        return Fraction(total, ONE * YEAR)

    def cover(self, time: int) -> Cover | None:
        """The stretch that holds second `time`; endorsements continue cover, a lapse ends it."""
        known = self.end if self.lapsed_at is None else self.lapsed_at
        ends = [known if s.end is None else s.end for s in self.segments]
        for place, segment in enumerate(self.segments):
            if segment.start <= time < ends[place]:
                last = place
                while last + 1 < len(ends) and self.segments[last + 1].start == ends[last]:
                    last += 1
                return Cover(segment.cover_start, ends[last], segment.sums)
        return None


def replace_segment(last: Segment, time: int, sums: Sums, funds: int) -> Segment:
    """What follows a segment that an endorsement ended."""
    return Segment(last.cover_start, time, sums, funds)


def with_dependencies(sums: Sums, dependencies: Iterable[int]) -> Sums:
    """The same sums on other dependencies."""
    return replace(sums, dependencies=frozenset(dependencies))
