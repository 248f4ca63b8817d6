"""Score to rate: relativities, loadings and sixteen lanes; changes when the tariff's form does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("table.json")

LANES = 16
LANE_WIDTH = 625
TOP_SCORE = 10_000


@dataclass(frozen=True)
class Assumptions:
    """What no data here can give. Each is varied in the report's sensitivity.

    ``visible``: share of a loss frequency that moves with the hostile traffic seen; ``usual``: the
    mean probability of a hostile window over a portfolio; ``expenses`` and ``profit``: shares of
    premium; ``capital_cost``: yearly, of the capital tied by the portfolio of ``policies`` covers;
    ``prudence``: standard errors of the frequency added to it.
    """

    visible: float = 0.5
    usual: float = 0.12
    expenses: float = 0.20
    profit: float = 0.03
    capital_cost: float = 0.08
    policies: int = 500
    prudence: float = 1.0


@dataclass(frozen=True)
class Price:
    """A product's tariff. ``pure`` and ``loaded`` are yearly shares of the sum insured at
    relativity 1; ``lanes`` are basis points, lane ``min(15, score // 625)``."""

    pure: float
    loaded: float
    lanes: tuple[int, ...]

    @property
    def loss_ratio(self) -> float:
        """Expected losses over premium."""
        return self.pure / self.loaded


def relativity(lane: int, terms: Assumptions) -> float:
    """How much more often a risk with a score of this lane is lost than the average one.

    A score is ten thousand times the probability of a hostile window; the visible part of the
    frequency moves in proportion to it.
    """
    probability = (lane + 0.5) * LANE_WIDTH / TOP_SCORE
    return 1 - terms.visible + terms.visible * probability / terms.usual


def price(
    pure: float, error: float, capital: float, terms: Assumptions, collected: float = 1.0
) -> Price:
    """The tariff of a pure premium with its relative standard error, and of the capital per cover;
    ``collected`` is what caps on score changes leave of the premium.

    Raises ValueError when expenses and profit leave nothing.
    """
    left = 1 - terms.expenses - terms.profit
    if left <= 0:
        raise ValueError("expenses and profit take the whole premium")
    loaded = (pure * (1 + terms.prudence * error) + capital * terms.capital_cost) / left
    lanes = [loaded / collected * relativity(lane, terms) for lane in range(LANES)]
    return Price(pure, loaded, tuple(max(1, round(rate * 10_000)) for rate in lanes))


@cache
def shipped() -> Mapping[str, tuple[int, ...]]:
    """The lanes of the shipped tariff, peril by peril, in basis points a year."""
    lanes = json.loads(SHIPPED.read_text())["lanes"]
    return {peril: tuple(steps) for peril, steps in lanes.items()}


def rate(lanes: tuple[int, ...], score: int) -> int:
    """Basis points of the sum insured a year at a score of 0…10,000."""
    return lanes[min(LANES - 1, score // LANE_WIDTH)]


def price_effect(score: int, score_effect: int) -> dict[str, int]:
    """For each payable peril, how many basis points a year lower the rate would be if the score
    were ``score_effect`` lower."""
    lower = max(0, score - score_effect)
    return {p: rate(lanes, score) - rate(lanes, lower) for p, lanes in shipped().items()}
