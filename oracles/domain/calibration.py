"""Integer margins to scores; changes when the meaning of a score does.

A score is ten thousand times the probability that the window holds hostile traffic, as found on
networks the model had not seen, in isotonic steps: it never falls when the margin rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MARGIN_UNIT: Final = 10_000
TOP_SCORE: Final = 10_000


@dataclass(frozen=True)
class Calibration:
    """Steps: below ``margins[0]`` the score is ``scores[0]``, from ``margins[i]`` on it is
    ``scores[i + 1]``. Margins ascend, scores do not fall."""

    margins: tuple[int, ...]
    scores: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.scores) != len(self.margins) + 1:
            raise ValueError("a calibration has one score more than margins")
        if list(self.margins) != sorted(set(self.margins)):
            raise ValueError("margins must ascend")
        if list(self.scores) != sorted(self.scores):
            raise ValueError("scores must not fall")
        if self.scores[0] < 0 or self.scores[-1] > TOP_SCORE:
            raise ValueError(f"scores lie between 0 and {TOP_SCORE}")

    def apply(self, margins: Ints) -> Ints:
        """The score of each integer margin."""
        step = np.searchsorted(np.array(self.margins, np.int64), margins, side="right")
        return np.array(self.scores, np.int64)[step]


def fit(
    margins: Ints, hostile: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]
) -> Calibration:
    """The isotonic steps (pool adjacent violators) of the weighted share of hostile units.

    Each step's share is drawn towards one half by two units' mean weight, so that no step claims
    certainty from a handful of units.
    """
    order = np.argsort(margins, kind="stable")
    prior = float(weights.mean()) * 2
    blocks: list[list[float]] = []  # first margin, weight, hostile weight
    for margin, is_hostile, weight in zip(
        margins[order].tolist(), hostile[order].tolist(), weights[order].tolist(), strict=True
    ):
        blocks.append([margin, weight, weight if is_hostile else 0.0])
        while len(blocks) > 1 and (
            blocks[-1][0] == blocks[-2][0] or _share(blocks[-1], 0) <= _share(blocks[-2], 0)
        ):
            _, weight_of, hostile_of = blocks.pop()
            blocks[-1][1] += weight_of
            blocks[-1][2] += hostile_of
    scores = [round(_share(block, prior) * TOP_SCORE) for block in blocks]
    return _steps([int(block[0]) for block in blocks], np.maximum.accumulate(scores).tolist())


def _share(block: Sequence[float], prior: float) -> float:
    return (block[2] + prior / 2) / (block[1] + prior)


def _steps(firsts: Sequence[int], scores: Sequence[int]) -> Calibration:
    """Steps without repeated scores."""
    margins, kept = [], [scores[0]]
    for first, score in zip(firsts[1:], scores[1:], strict=True):
        if score != kept[-1]:
            margins.append(first)
            kept.append(score)
    return Calibration(tuple(margins), tuple(kept))
