"""How often a service is lost, and how sure that is; changes when the frequency model does.

A gamma-mixed Poisson: each service has its own rate, drawn from a gamma, which is also the prior of
credibility: the mean after ``n`` own outages in ``t`` years is (shape + n) / (rate + t). Services
without any outage are not in the data. How many there are cannot be told from it (a likelihood
truncated at zero runs to the limit of infinitely many), so the rates are those of services that do
have outages: prudent for an insurer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mixing:
    """The gamma of yearly rates: its shape and its rate in years."""

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """Outages a year."""
        return self.shape / self.rate

    def after(self, outages: int, years: float) -> float:
        """Outages a year of a service with this experience of its own (Bühlmann, exact here)."""
        return (self.shape + outages) / (self.rate + years)

    def relativity(self, outages: int, years: float) -> float:
        """What own experience multiplies the base frequency with."""
        return self.after(outages, years) / self.mean


def fit(counts: npt.NDArray[np.int64], years: float) -> Mixing:
    """The maximum-likelihood gamma for outage counts over ``years`` of services that had any.

    Raises ValueError for no or non-positive counts.
    """
    if len(counts) == 0 or (counts <= 0).any():
        raise ValueError("only services with an outage can be counted")

    def loss(logs: Floats) -> float:
        shape, rate = np.exp(logs)
        share = rate / (rate + years)
        each = (
            gammaln(shape + counts)
            - gammaln(shape)
            - gammaln(counts + 1)
            + shape * np.log(share)
            + counts * np.log1p(-share)
        )
        return float(-each.sum())

    mean = max(float(counts.mean()) / years, 1e-6)
    found = minimize(
        loss, np.log([1.0, 1.0 / mean]), method="L-BFGS-B", bounds=[(-5.0, 5.0), (-6.0, 6.0)]
    )
    shape, rate = np.exp(found.x)
    return Mixing(float(shape), float(rate))


def bootstrap(counts: npt.NDArray[np.int64], years: float, rounds: int, seed: int) -> Floats:
    """Mean yearly rates when the services are drawn again."""
    draw = np.random.default_rng(seed)
    samples = draw.integers(0, len(counts), (rounds, len(counts)))
    return np.array([fit(counts[sample], years).mean for sample in samples])


def attack_share(hostile: int, failures: int) -> tuple[float, float]:
    """The share of losses that are attacks, with its standard error: a beta of the two counts."""
    total = hostile + failures + 2
    mean = (hostile + 1) / total
    return mean, float(np.sqrt(mean * (1 - mean) / (total + 1)))
