"""Drift: silent on the same distribution, loud on another, mute on too little."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oracles.domain.binning import bins_for
from oracles.domain.drift import ALARM, counts, drifted, stability

BINS = bins_for(["steady", "moved"])


def binned(count: int, seed: int, factor: int = 1) -> np.ndarray:
    draw = np.random.default_rng(seed)
    steady, moved = draw.geometric(0.05, (2, count))
    return BINS.apply(pd.DataFrame({"steady": steady, "moved": moved * factor}))


def test_drifted__too_few_units__says_nothing() -> None:
    assert drifted(counts(BINS, binned(1_000, 1)), BINS, binned(199, 2, factor=50)) == []


def test_drifted__same_distribution__is_silent() -> None:
    assert drifted(counts(BINS, binned(2_000, 1)), BINS, binned(1_000, 2)) == []


def test_drifted__one_feature_moved__is_named() -> None:
    (found,) = drifted(counts(BINS, binned(2_000, 1)), BINS, binned(1_000, 2, factor=4))
    assert (found.feature, found.units) == ("moved", 1_000)
    assert found.index > ALARM


def test_stability__known_shares__is_the_published_formula() -> None:
    then, now = [50, 50], [25, 75]
    expected = 0.25 * np.log(0.75 / 0.5) - 0.25 * np.log(0.25 / 0.5)
    assert abs(stability(then, now) - expected) < 1e-9
    assert stability([0, 0], now) == 0.0
