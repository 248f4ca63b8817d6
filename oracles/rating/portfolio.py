"""The year's total of a portfolio, and the capital it ties; changes when the aggregation does.

Counts are gamma-mixed Poisson, each loss a share of a sum insured; the total's distribution comes
from its characteristic function by the fast Fourier transform, exact on its grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oracles.rating.frequency import Mixing

Floats = npt.NDArray[np.float64]

STEPS = 100  # of one sum insured


@dataclass(frozen=True)
class Total:
    """The distribution of a year's losses in sums insured, on a grid of 1 / STEPS."""

    probability: Floats

    @property
    def grid(self) -> Floats:
        return np.arange(len(self.probability)) / STEPS

    @property
    def mean(self) -> float:
        return float((self.grid * self.probability).sum())

    def value_at_risk(self, level: float) -> float:
        """The smallest total that is not exceeded with probability ``level``."""
        return float(self.grid[np.searchsorted(np.cumsum(self.probability), level)])

    def tail_mean(self, level: float) -> float:
        """The mean of the totals beyond ``level`` (TVaR)."""
        cumulative = np.concatenate([[0.0], np.cumsum(self.probability)])
        beyond = np.clip(cumulative[1:] - np.maximum(cumulative[:-1], level), 0, None)
        return float((self.grid * beyond).sum() / (1 - level))


def total(policies: int, mixing: Mixing, factor: float, shares: Floats) -> Total:
    """The year of ``policies`` equal, independent covers whose outages come at ``factor`` times the
    mixing's rates, each loss drawn from ``shares`` of the sum insured."""
    size = 1 << int(np.ceil(np.log2(max(policies * mixing.mean * factor * 8, 16.0) * STEPS)))
    severity = np.bincount(np.rint(shares * STEPS).astype(int), minlength=size)[:size]
    transform = np.fft.rfft(severity / severity.sum())
    scale = factor / mixing.rate
    one = (1 - scale * (transform - 1)) ** (-mixing.shape)
    probability = np.clip(np.fft.irfft(one**policies, size), 0, None)
    return Total(probability / probability.sum())
