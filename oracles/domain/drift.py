"""Whether traffic has become other than what a model was trained on; changes when the alarm does.

The population stability index compares the shares of a feature's bins: Σ (now − then) · ln(now /
then). Below 0.1 nothing has changed, above 0.25 the feature is another one (the usual reading in
credit scoring; Siddiqi, Credit Risk Scorecards, 2006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from oracles.domain.binning import Bins

Reference = Mapping[str, Sequence[int]]  # how many units of training fell into each bin

ALARM: Final = 0.25
FEWEST: Final = 200  # units below which nothing is said
GROUPS: Final = 10  # neighbouring bins are joined to about so many groups of equal weight
_FLOOR: Final = 1e-4  # share given to an empty group


@dataclass(frozen=True)
class Drift:
    """One feature whose distribution has left the model's: its index, and how many units say so."""

    feature: str
    index: float
    units: int


def counts(bins: Bins, binned: npt.NDArray[np.uint8]) -> dict[str, list[int]]:
    """How many units fall into each bin, feature by feature; bin 0 is the missing one."""
    width = len(bins.edges) + 2
    return {
        name: np.bincount(binned[:, column], minlength=width).tolist()
        for column, name in enumerate(bins.features)
    }


def stability(then: Sequence[int], now: Sequence[int]) -> float:
    """The index between two counts over the same bins; 0 when either is empty."""
    before, after = np.array(then, np.float64), np.array(now, np.float64)
    if before.sum() == 0 or after.sum() == 0:
        return 0.0
    passed = (np.cumsum(before) - before) * GROUPS // before.sum()
    group = np.minimum(passed, GROUPS - 1).astype(int)
    shares = [
        np.maximum(np.bincount(group, weights=part, minlength=GROUPS) / part.sum(), _FLOOR)
        for part in (before, after)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def drifted(reference: Reference, bins: Bins, binned: npt.NDArray[np.uint8]) -> list[Drift]:
    """The features of recent units whose index reaches the alarm, the furthest first; none while
    there are fewer than FEWEST units."""
    if len(binned) < FEWEST:
        return []
    found = [
        Drift(name, stability(reference[name], now), len(binned))
        for name, now in counts(bins, binned).items()
        if name in reference
    ]
    return sorted((d for d in found if d.index >= ALARM), key=lambda d: (-d.index, d.feature))
