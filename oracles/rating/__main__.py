"""Writes the rate table and the rating report (``python -m oracles.rating``); changes when the
chain from data to table does.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from oracles.model.datasets import ROOT, data_folder
from oracles.rating import experience, frequency, portfolio, severity, simulate, table
from oracles.rating.report import page, plots

Floats = npt.NDArray[np.float64]

TABLE: Final = Path(__file__).with_name("table.json")
PAGE: Final = ROOT / "docs" / "rating.md"
BOOTSTRAPS: Final = 200
YEARS: Final = 60
TAIL: Final = 0.995

# the share of a peril's losses in all losses of service: attacks from the incident data, the rest
# by assumption
PERILS: Final = ("service_attack", "service_outage", "dependency_outage")
SERVICE_FALLS_WITH_DEPENDENCY: Final = 0.7


@dataclass(frozen=True)
class Rated:
    """One peril's tariff with what it was made of."""

    peril: str
    factor: float
    mean_share: float
    capital: float
    price: table.Price
    simulated: tuple[float, float, float]  # mean loss ratio, 2.5 % and 97.5 %

    @property
    def on_target(self) -> bool:
        """Whether the expected loss ratio lies within what the simulated years show."""
        return self.simulated[1] <= self.price.loss_ratio <= self.simulated[2]


@dataclass(frozen=True)
class Basis:
    """What the data gave."""

    data: experience.Experience
    mixing: frequency.Mixing
    means: Floats
    durations: severity.Durations
    attack: tuple[float, float]

    @property
    def error(self) -> float:
        """Relative standard error of the mean frequency."""
        return float(self.means.std() / self.means.mean())


def basis(data: experience.Experience) -> Basis:
    """Frequency, severity and attack share of the experience."""
    return Basis(
        data,
        frequency.fit(data.counts, data.years),
        frequency.bootstrap(data.counts, data.years, BOOTSTRAPS, seed=1),
        severity.fit(data.durations),
        frequency.attack_share(data.hostile, data.failures),
    )


def factor(peril: str, found: Basis) -> float:
    """Losses of the peril over all outages of a service."""
    share = found.attack[0]
    return {
        "service_attack": share,
        "service_outage": 1 - share,
        "dependency_outage": SERVICE_FALLS_WITH_DEPENDENCY,
    }[peril]


def rate(
    peril: str, found: Basis, terms: severity.Terms, assumptions: table.Assumptions
) -> tuple[table.Price, float, float]:
    """The tariff of a peril, the mean share an outage pays, and the capital a cover ties."""
    times = factor(peril, found)
    mean_share = found.durations.mean_share(terms)
    shares = terms.share(found.durations.draw(200_000, np.random.default_rng(2)))
    total = portfolio.total(assumptions.policies, found.mixing, times, shares)
    capital = (total.tail_mean(TAIL) - total.mean) / assumptions.policies
    pure = found.mixing.mean * times * mean_share
    seen = seen_of(peril, assumptions)
    flat = table.price(pure, found.error, capital, seen)
    collected = simulate.collected(flat, seen)
    return table.price(pure, found.error, capital, seen, collected), mean_share, capital


def seen_of(peril: str, assumptions: table.Assumptions) -> table.Assumptions:
    """The assumptions of a peril: only attacks announce themselves in traffic."""
    return assumptions if peril == "service_attack" else replace(assumptions, visible=0.1)


def rated(peril: str, found: Basis, terms: severity.Terms, assumptions: table.Assumptions) -> Rated:
    """A peril's tariff, tried on simulated years."""
    price, mean_share, capital = rate(peril, found, terms, assumptions)
    ratios = np.array(
        [
            simulate.year(
                assumptions.policies,
                found.mixing,
                factor(peril, found),
                found.durations,
                terms,
                price,
                seen_of(peril, assumptions),
                seed,
            ).loss_ratio
            for seed in range(YEARS)
        ]
    )
    low, high = np.quantile(ratios, [0.025, 0.975])
    simulated = (float(ratios.mean()), float(low), float(high))
    return Rated(peril, factor(peril, found), mean_share, capital, price, simulated)


def main() -> None:
    """Rates every peril, writes the table and the report."""
    terms, assumptions = severity.Terms(), table.Assumptions()
    found = basis(experience.load(data_folder()))
    tariffs = [rated(peril, found, terms, assumptions) for peril in PERILS]
    TABLE.write_text(
        json.dumps(
            {
                "unit": "basis points of the sum insured a year, lane min(15, score // 625)",
                "terms": asdict(terms),
                "assumptions": asdict(assumptions),
                "lanes": {tariff.peril: list(tariff.price.lanes) for tariff in tariffs},
            },
            indent=1,
        )
        + "\n"
    )
    sensitivity = _sensitivity(found, terms, assumptions)
    plots(found, tariffs, ROOT / "docs" / "plots")
    PAGE.write_text(page(found, tariffs, terms, assumptions, sensitivity))
    shown = Table("peril", "lowest rate", "highest rate", "loss ratio expected", "simulated", "ok")
    for tariff in tariffs:
        mean, low, high = tariff.simulated
        shown.add_row(
            tariff.peril,
            f"{tariff.price.lanes[0] / 100:.2f} %",
            f"{tariff.price.lanes[-1] / 100:.2f} %",
            f"{tariff.price.loss_ratio:.2f}",
            f"{mean:.2f} ({low:.2f} to {high:.2f})",
            "yes" if tariff.on_target else "[red]no[/red]",
        )
    Console().print(shown)


def _sensitivity(
    found: Basis, terms: severity.Terms, assumptions: table.Assumptions
) -> list[tuple[str, float, float]]:
    """How the service_attack rates of a score of 500 and of 9,000 move with each assumption."""
    cases = [
        ("as assumed", terms, assumptions),
        ("waiting period 10 minutes", replace(terms, waiting_s=600), assumptions),
        ("waiting period 8 hours", replace(terms, waiting_s=28_800), assumptions),
        ("limit of 8 hours' loss", replace(terms, limit_hours=8), assumptions),
        ("a quarter visible in traffic", terms, replace(assumptions, visible=0.25)),
        ("three quarters visible in traffic", terms, replace(assumptions, visible=0.75)),
        ("portfolio twice as hostile", terms, replace(assumptions, usual=0.24)),
        ("fifty policies", terms, replace(assumptions, policies=50)),
        ("capital at 15 %", terms, replace(assumptions, capital_cost=0.15)),
        ("expenses 35 %", terms, replace(assumptions, expenses=0.35)),
    ]
    rows = []
    for name, its_terms, its_assumptions in cases:
        price, _, _ = rate("service_attack", found, its_terms, its_assumptions)
        rows.append((name, price.lanes[0] / 100, price.lanes[14] / 100))
    return rows


if __name__ == "__main__":
    main()
