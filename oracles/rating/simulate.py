"""A year of a portfolio, day by day, through pricing and settlement; changes when a rule of either
that the simulation follows does.

Each cover has a yearly loss frequency of its own and a hostile-traffic process that moves both its
score and its frequency. Premium is the table's rate of each day's score, rounded up, after the
score has been held within its daily change cap; an outage pays its seconds beyond the waiting
period times the loss per hour, rounded down, at most what is left of the limit. Money is whole
token units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oracles.rating.frequency import Mixing
from oracles.rating.severity import Durations, Terms
from oracles.rating.table import LANE_WIDTH, LANES, TOP_SCORE, Assumptions, Price

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS = 365
SUM_INSURED = 100_000 * 10**6
DAILY_CAP = 2_500


@dataclass(frozen=True)
class Hostility:
    """A two-state chain of days: the probability of a hostile window on calm and on hostile days,
    and how a day changes state. The stationary mean is ``Assumptions.usual``."""

    calm: float = 0.04
    hostile: float = 0.85
    leave: float = 0.25  # a hostile day is followed by a calm one

    def share(self, usual: float) -> float:
        """The share of hostile days that makes the mean ``usual``."""
        return (usual - self.calm) / (self.hostile - self.calm)

    def days(self, covers: int, usual: float, source: np.random.Generator) -> Floats:
        """The probability of each cover's days."""
        share = self.share(usual)
        enter = self.leave * share / (1 - share)
        state = source.random(covers) < share
        found = np.empty((covers, DAYS))
        for day in range(DAYS):
            found[:, day] = np.where(state, self.hostile, self.calm)
            draw = source.random(covers)
            state = np.where(state, draw >= self.leave, draw < enter)
        return found


@dataclass(frozen=True)
class Year:
    """What one simulated portfolio earned and paid, in token units."""

    premium: int
    paid: int

    @property
    def loss_ratio(self) -> float:
        return self.paid / self.premium


def capped(scores: Ints, cap: int = DAILY_CAP) -> Ints:
    """Scores of consecutive days (last axis), each within ``cap`` of the day before it."""
    held = scores.copy()
    for day in range(1, scores.shape[-1]):
        before = held[..., day - 1]
        held[..., day] = np.clip(scores[..., day], before - cap, before + cap)
    return held


def premium(scores: Ints, lanes: tuple[int, ...], insured: int = SUM_INSURED) -> Ints:
    """Each cover's premium in token units: the rate of each day's score, rounded up."""
    lane = np.minimum(scores // LANE_WIDTH, LANES - 1)
    rates = np.array(lanes, np.int64)[lane]  # basis points a year
    total: Ints = (rates * insured).sum(axis=-1)
    return -(-total // (10_000 * DAYS))


def due(hours: Floats, terms: Terms, insured: int = SUM_INSURED) -> Ints:
    """What outages of these hours pay one by one, in token units, rounded down."""
    seconds = np.floor(hours * 3600).astype(np.int64)
    per_hour = insured // terms.limit_hours
    paid: Ints = np.maximum(seconds - terms.waiting_s, 0) * per_hour // 3600
    return np.minimum(paid, insured)


def collected(tariff: Price, assumptions: Assumptions, covers: int = 2_000) -> float:
    """What a year's premium is of the loaded rate on average: less than one, because scores rise
    within their daily cap while losses do not wait."""
    source = np.random.default_rng(0)
    probability = Hostility().days(covers, assumptions.usual, source)
    scores = capped(np.rint(probability * TOP_SCORE).astype(np.int64))
    earned = float(premium(scores, tariff.lanes).mean())
    return earned / (tariff.loaded * SUM_INSURED)


def year(
    covers: int,
    mixing: Mixing,
    factor: float,
    durations: Durations,
    terms: Terms,
    tariff: Price,
    assumptions: Assumptions,
    seed: int,
    hostility: Hostility | None = None,
) -> Year:
    """One year of ``covers`` equal covers, losses coming at ``factor`` times the mixing's rates."""
    source = np.random.default_rng(seed)
    probability = (hostility or Hostility()).days(covers, assumptions.usual, source)
    scores = capped(np.rint(probability * TOP_SCORE).astype(np.int64))
    earned = int(premium(scores, tariff.lanes).sum())
    own = source.gamma(mixing.shape, 1 / mixing.rate, covers) * factor / DAYS
    visible = assumptions.visible
    moved = 1 - visible + visible * probability / assumptions.usual
    outages = source.poisson(own[:, None] * moved)
    cover = np.repeat(np.arange(covers), outages.sum(axis=1))
    each = due(durations.draw(len(cover), source), terms)
    paid = np.zeros(covers, np.int64)
    np.add.at(paid, cover, each)
    return Year(earned, int(np.minimum(paid, SUM_INSURED).sum()))
