"""How much of a sum insured one outage pays; changes when the duration model or the terms do.

Durations are drawn from what was observed up to a threshold and from a generalised Pareto beyond it
(Pickands, Balkema, de Haan), because the longest outages are too few to be taken as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import genpareto

Floats = npt.NDArray[np.float64]

TAIL_SHARE = 0.05


@dataclass(frozen=True)
class Terms:
    """What a cover pays: the declared loss per hour after ``waiting_s``, up to a limit that
    ``limit_hours`` of loss use up."""

    waiting_s: int = 3_600
    limit_hours: int = 24

    def share(self, hours: Floats) -> Floats:
        """The share of the sum insured that outages of these hours pay."""
        paid: Floats = np.clip((hours - self.waiting_s / 3600) / self.limit_hours, 0.0, 1.0)
        return paid


@dataclass(frozen=True)
class Durations:
    """Hours of outages: observed ones up to ``threshold``, a generalised Pareto beyond."""

    observed: Floats
    threshold: float
    shape: float
    scale: float

    def draw(self, count: int, source: np.random.Generator) -> Floats:
        """``count`` durations in hours."""
        below = self.observed[self.observed <= self.threshold]
        hours = below[source.integers(0, len(below), count)]
        tail = source.random(count) < TAIL_SHARE
        excess = genpareto.rvs(
            self.shape, scale=self.scale, size=int(tail.sum()), random_state=source
        )
        hours[tail] = self.threshold + excess
        return hours

    def mean_share(self, terms: Terms, seed: int = 1, count: int = 400_000) -> float:
        """The mean share of the sum insured that an outage pays."""
        return float(terms.share(self.draw(count, np.random.default_rng(seed))).mean())


def fit(hours: Floats) -> Durations:
    """The duration model of observed hours. Raises ValueError for fewer than a hundred."""
    if len(hours) < 100:
        raise ValueError(f"{len(hours)} outages are too few for a tail")
    threshold = float(np.quantile(hours, 1 - TAIL_SHARE))
    excess = hours[hours > threshold] - threshold
    shape, _, scale = genpareto.fit(excess, floc=0.0)
    return Durations(hours, threshold, float(shape), float(scale))
