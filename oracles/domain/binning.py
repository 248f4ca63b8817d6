"""Integer features to small bins; changes when the grid of boundaries does.

One grid serves every feature and does not come from data, so it favours no network: whole numbers
up to 8, then four steps an octave. Bins are exact on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import MISSING

_LAST_EDGE: Final = 1 << 29


@dataclass(frozen=True)
class Bins:
    """The features in order, and the boundaries, ascending, that all of them share."""

    features: tuple[str, ...]
    edges: tuple[int, ...]

    def apply(self, table: pd.DataFrame) -> npt.NDArray[np.uint8]:
        """One row a unit and one column a feature: 0 where missing, else 1 + edges reached.

        Raises KeyError when the table lacks a feature.
        """
        values = table[list(self.features)].to_numpy()
        reached = np.searchsorted(np.array(self.edges, np.int64), values, side="right")
        return np.where(values == MISSING, 0, reached + 1).astype(np.uint8)

    def words(self, feature: int, binned: int) -> str:
        """The values a bin stands for, such as ``12 to 15``."""
        if binned == 0:
            return "unknown"
        low = self.edges[binned - 2] if binned > 1 else 0
        if binned > len(self.edges):
            return f"{low} or more"
        high = self.edges[binned - 1] - 1
        return str(low) if low == high else f"{low} to {high}"


def grid() -> tuple[int, ...]:
    """The boundaries: 1, 2, … 8, then four an octave."""
    edges = list(range(1, 9))
    octave = 8
    while octave < _LAST_EDGE:
        edges += [octave * step // 4 for step in (5, 6, 7, 8)]
        octave *= 2
    return tuple(edges)


def bins_for(features: Sequence[str]) -> Bins:
    """The bins of the given features over the common grid."""
    return Bins(tuple(features), grid())
