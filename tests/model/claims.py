"""Claims in plain integers: runs of lost slots, what is due, allowances without review, reviews.

Written from docs/contracts/ClaimsDesk.md. A claim is named by its cover ("policy" or "batch", its
number) and the first slot of its run; claims of certificates that are reviewed or wait have the
place of their first certificate as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .capital import Refused
from .cover import rounded_up

HOUR = 3_600
DAY = 86_400
GRAIN = 2**16
PERIOD = 73 * DAY
PERIODS = 6

Claim = tuple[Any, ...]


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
class Run:
    """A run as far as its slots are closed, seconds; `ended`: nothing more can join it."""

    start: int
    end: int
    ended: bool


@dataclass(frozen=True)
class Product:
    """The terms that decide money, seconds and token units."""

    slot: int
    report_delay: int
    hold: int
    lag: int
    waiting: int
    merge_gap: int
    claim_window: int
    challenge_window: int
    review_window: int
    instant_limit: int
    unreviewed_limit: int
    on_dependencies: bool = False
    notice: int = 0
    increase_delay: int = 0
    tenor: int = 0
    unit: int = 0

    @property
    def tail(self) -> int:
        """Seconds after the end of cover until its capital is free."""
        return self.report_delay + self.claim_window

    def settleable_at(self, slot: int) -> int:
        return (slot + 1) * self.slot + self.report_delay + self.hold

    def run(self, slots: Iterable[int], first: int, now: int) -> Run:
        """:raises Refused: no run begins with that slot, or it is not closed yet"""
        frontier = (now - self.hold - self.report_delay) // self.slot
        bridged = (self.merge_gap - 1) // self.slot if self.merge_gap else 0
        for begin, last in runs((s for s in slots if s < frontier), bridged):
            if begin == first:
                ended = frontier - last - 1 > bridged
                return Run(begin * self.slot, (last + 1) * self.slot, ended)
        raise Refused("NotARun")

    def due(self, seconds: int, hourly: int) -> int:
        """Token units, rounded down."""
        return max(0, seconds - self.waiting) * hourly // HOUR

    def seconds_worth(self, amount: int, hourly: int) -> int:
        """Least seconds of a run that are worth an amount."""
        return self.waiting + rounded_up(amount * HOUR, hourly)


@dataclass
class Books:
    """What one claim was granted, refused amounts included; what of it was ever reviewed."""

    booked: int = 0
    routed: int = 0
    held_until: int = 0


@dataclass
class Review:
    """An amount before the assessors; times are running time."""

    pending: int
    decide_from: int
    window: int
    silence_pays: bool
    payee: str
    status: str = "scheduled"
    reviewed: int = 0
    deciders: dict[tuple[int, bool], str] = field(default_factory=dict)

    def end(self, number: int) -> int:
        return self.decide_from + number * self.window


@dataclass
class Challenge:
    """A bonded challenge, once for a claim."""

    who: str
    opened_at: int
    open: bool = True


@dataclass
class Allowances:
    """How much is paid without a person, and the desk's pause."""

    daily_ceiling: int
    pause_length: int
    pause_cool_down: int
    paused_until: int = 0
    paused_seconds: int = 0
    paid_on: Counter[int] = field(default_factory=Counter)
    grains: dict[str, Counter[int]] = field(default_factory=dict)
    insured: dict[tuple[int, int], int] = field(default_factory=dict)

    def paused(self, now: int) -> bool:
        return now < self.paused_until

    def pause(self, now: int) -> None:
        """:raises Refused: too soon after the last one"""
        if self.paused_until and now < self.paused_until + self.pause_cool_down:
            raise Refused("PauseTooSoon")
        self.paused_until = now + self.pause_length
        self.paused_seconds += self.pause_length

    def require_running(self, now: int) -> None:
        if self.paused(now):
            raise Refused("DeskIsPaused")

    def running(self, now: int) -> int:
        """A clock that stands still during pauses."""
        return (self.paused_until if self.paused(now) else now) - self.paused_seconds

    def chain_time(self, running: int) -> int:
        return running + self.paused_seconds

    def take_today(self, amount: int, now: int) -> int:
        if self.paused(now):
            return 0
        taken = min(amount, self.daily_ceiling - self.paid_on[now // DAY])
        self.paid_on[now // DAY] += taken
        return taken

    def unreviewed(self, who: str, now: int) -> int:
        """Paid without review in the period of 73 days and the five before it."""
        oldest = now // PERIOD - PERIODS
        return GRAIN * sum(n for p, n in self.grains.get(who, Counter()).items() if p > oldest)

    def count(self, who: str, amount: int, now: int) -> None:
        self.grains.setdefault(who, Counter())[now // PERIOD] += rounded_up(amount, GRAIN)

    def share(
        self, limit: int, key: tuple[int, int], insured: int, on_risk: int
    ) -> tuple[int, int]:
        """(a cover's part of the instant limit, the sum on the risk to keep for the run)."""
        known = self.insured.get(key, 0)
        keep = on_risk if known == 0 and on_risk > insured else 0
        known = known or on_risk
        return (limit if known <= insured else limit * insured // known), keep

    def keep(self, key: tuple[int, int], insured: int) -> None:
        if insured:
            self.insured[key] = insured
