"""The rating report: page and plots; changes when what it shows does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure

from oracles.rating.severity import Terms
from oracles.rating.table import LANE_WIDTH, Assumptions

if TYPE_CHECKING:
    from oracles.rating.__main__ import Basis, Rated

_TEXT: Final = """# Rating

Written by `python -m oracles.rating`, with `oracles/rating/table.json`. From outage and
incident data to the sixteen lanes that a product's rate table holds on chain. Rates are yearly
shares of the sum insured; an outage pays its time beyond {waiting:.1f} hours, and {limit}
hours' loss use up the limit.

## Tariff

{tariff}

![rates](plots/rating-rates.png)

A score is ten thousand times the probability of a hostile window (see the model card). The
visible part of the loss frequency moves in proportion to it; the rest does not. Only attacks
announce themselves in traffic, so the other perils' tables are nearly flat.

## Frequency

- {cells} services at a location had {outages} outages in {years:.0f} years (Cloud Uptime
  Archive: AWS, GCP and Azure, 2018 to 2020): a gamma-mixed Poisson with shape {shape:.2f} and
  rate {rate:.2f} years, {mean:.2f} outages a year, 95 % interval {low:.2f} to {high:.2f} by
  drawing services again.
- Services without any outage are not in the data, and how many there are cannot be told from
  it, so these are the rates of services that do fail. One large service (GitHub, 2022 to 2026)
  had {large:.0f} serious outages a year: the tail of that gamma is real.
- {attack:.0%} ± {attack_error:.1%} of losses are taken for attacks: the share of incidents with
  a hostile action among those with a hostile action or a failure (VERIS Community Database). It
  counts thefts of data too, so it is high for loss of service.
- A dependency takes the insured's own service down in {falls:.0%} of its outages: an
  assumption.
- Own experience enters as (shape + outages) / (rate + years): after three years without an
  outage a risk pays for {clean:.0%} of the base frequency, after three outages in one year for
  {bad:.0%}.

Left out: {dropped}.

## Severity

![severity](plots/rating-severity.png)

{durations} outages: median {median:.1f} hours, mean {average:.1f}; beyond {threshold:.1f} hours
a generalised Pareto with shape {xi:.2f} and scale {sigma:.1f} (an infinite variance: the limit
per cover is what makes it insurable).

## Loadings

Premium = (pure × (1 + {prudence:g} standard errors) + {capital_cost:.0%} × capital) / (1 −
{expenses:.0%} expenses − {profit:.0%} profit). Capital is the mean of the worst half per cent
of years less the mean year, of {policies} equal independent covers, per cover; the distribution
by fast Fourier transform.

## A year of the portfolio

{years_simulated} simulated years of {policies} covers: a score that moves with hostile days and
is held within its daily cap, premium by the table rounded up, outages drawn by the frequency
that moves with it, due = ⌊seconds beyond the waiting period × loss per hour⌋ within the limit.

{simulation}

## Sensitivity

Rates of service_attack, in per cent of the sum insured a year.

{sensitivity}

## Limits

No data here links a score to a loss. How much of the frequency is visible in traffic is an
assumption until an insurer's own claims say more, which is what credibility is for. Covers are
independent in the capital figure; a dependency cap bounds what breaks that.
"""


def page(
    found: Basis,
    tariffs: Sequence[Rated],
    terms: Terms,
    assumptions: Assumptions,
    sensitivity: Sequence[tuple[str, float, float]],
) -> str:
    """The report."""
    from oracles.rating.__main__ import SERVICE_FALLS_WITH_DEPENDENCY, YEARS

    low, high = np.quantile(found.means, [0.025, 0.975])
    return _TEXT.format(
        waiting=terms.waiting_s / 3600,
        limit=terms.limit_hours,
        tariff=_table(
            ("peril", "pure premium", "loaded, score average", *("lane 0", "lane 7", "lane 15")),
            [
                (
                    t.peril,
                    f"{t.price.pure:.2%}",
                    f"{t.price.loaded:.2%}",
                    *(f"{t.price.lanes[lane] / 100:.2f} %" for lane in (0, 7, 15)),
                )
                for t in tariffs
            ],
        ),
        cells=len(found.data.counts),
        outages=int(found.data.counts.sum()),
        years=found.data.years,
        shape=found.mixing.shape,
        rate=found.mixing.rate,
        mean=found.mixing.mean,
        low=low,
        high=high,
        large=found.data.large_service_per_year,
        attack=found.attack[0],
        attack_error=found.attack[1],
        falls=SERVICE_FALLS_WITH_DEPENDENCY,
        clean=found.mixing.relativity(0, 3.0),
        bad=found.mixing.relativity(3, 1.0),
        dropped="; ".join(f"{count} {reason}" for reason, count in found.data.dropped.items()),
        durations=len(found.durations.observed),
        median=float(np.median(found.durations.observed)),
        average=float(np.mean(found.durations.observed)),
        threshold=found.durations.threshold,
        xi=found.durations.shape,
        sigma=found.durations.scale,
        prudence=assumptions.prudence,
        capital_cost=assumptions.capital_cost,
        expenses=assumptions.expenses,
        profit=assumptions.profit,
        policies=assumptions.policies,
        years_simulated=YEARS,
        simulation=_table(
            ("peril", "loss ratio aimed at", "simulated mean", "95 % of years", "within"),
            [
                (
                    t.peril,
                    f"{t.price.loss_ratio:.3f}",
                    f"{t.simulated[0]:.3f}",
                    f"{t.simulated[1]:.3f} to {t.simulated[2]:.3f}",
                    "yes" if t.on_target else "**no**",
                )
                for t in tariffs
            ],
        ),
        sensitivity=_table(
            ("case", "score 0 to 624", "score 8,750 to 9,374"),
            [
                (name, f"{low_rate:.2f}", f"{high_rate:.2f}")
                for name, low_rate, high_rate in sensitivity
            ],
        ),
    )


def plots(found: Basis, tariffs: Sequence[Rated], folder: Path) -> None:
    """Writes the plots of the report."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for tariff in tariffs:
        scores = np.arange(17) * LANE_WIDTH
        rates = [lane / 100 for lane in tariff.price.lanes]
        axes.step(scores, [*rates, rates[-1]], where="post", label=tariff.peril)
    axes.set_xlabel("score")
    axes.set_ylabel("% of the sum insured a year")
    axes.legend()
    figure.savefig(folder / "rating-rates.png", dpi=90)

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    observed = np.sort(found.durations.observed)
    axes.loglog(observed, 1 - np.arange(len(observed)) / len(observed), label="observed")
    drawn = np.sort(found.durations.draw(100_000, np.random.default_rng(3)))
    axes.loglog(drawn, 1 - np.arange(len(drawn)) / len(drawn), label="model")
    axes.set_xlabel("hours")
    axes.set_ylabel("share of outages that last longer")
    axes.set_ylim(1e-4, 1.1)
    axes.legend()
    figure.savefig(folder / "rating-severity.png", dpi=90)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(
        "| " + " | ".join(map(str, line)) + " |" for line in (head, ["---"] * len(head), *rows)
    )
