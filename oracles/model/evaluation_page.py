"""The evaluation as tables, plots and a page; changes when what is reported does.

Levels are stated beside what was found, met or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from scipy.stats import chi2

from oracles.model import baselines
from oracles.model.datasets import ROOT
from oracles.model.metrics import (
    MOST_A_DAY,
    calibration_error,
    equal_auc,
    false_alarms,
    interval,
    recall_by_family,
)

if TYPE_CHECKING:
    from oracles.model.evaluate import Evaluation, Judged

_OUTSIDE: Final = "eligible published captures, mean of sources"
PAGE: Final = ROOT / "docs" / "evaluation.md"
PLOTS: Final = ROOT / "docs" / "plots"


def by_network(judged: Judged, scorer: str) -> dict[str, float]:
    """The area of each network: the mean over its sources."""
    return _by_network(judged, judged.by_scorer[scorer])


def levels(found: Evaluation) -> list[tuple[str, str, str, bool]]:
    """What was to be reached, what was, and whether it is enough."""
    laboratory = found.laboratory
    areas = by_network(laboratory, "model")
    mean, worst = float(np.mean(list(areas.values()))), min(areas.values())
    trivial = max(
        float(np.mean(list(by_network(laboratory, name).values()))) for name in baselines.TRIVIAL
    )
    plain = float(np.mean(list(by_network(laboratory, "plain XGBoost").values())))
    hostile = laboratory.units["label"].to_numpy() == 1
    pooled = calibration_error(hostile, laboratory.probability)
    balanced = calibration_error(hostile, laboratory.probability, balanced=True)
    rows = [
        ("area at equal protocol and direction, mean of networks left out", "≥ 0.90", mean, 0.90),
        ("the same, worst network", "≥ 0.80", worst, 0.80),
        ("ahead of the best trivial rule", "≥ 0.05", mean - trivial, 0.05),
        ("ahead of plain XGBoost", "≥ 0.05", mean - plain, 0.05),
    ]
    shown = [(what, level, f"{value:.3f}", value >= least) for what, level, value, least in rows]
    if found.published is not None:
        outside = float(np.mean(list(by_network(found.published, "model").values())))
        shown.append((_OUTSIDE, "≥ 0.85", f"{outside:.3f}", outside >= 0.85))
    else:
        shown.append((_OUTSIDE, "≥ 0.85", "none eligible", False))
    shown += [
        ("calibration error, pooled", "≤ 0.05", f"{pooled:.3f}", pooled <= 0.05),
        ("calibration error, classes balanced", "≤ 0.12", f"{balanced:.3f}", balanced <= 0.12),
    ]
    for where, judged in (("laboratory", laboratory), ("published captures", found.calm)):
        if judged is not None:
            alarms, days = false_alarms(judged.units, judged.alarmed)
            rate = alarms / days
            what = f"alarms in benign windows per asset-day, {where}"
            shown.append((what, f"≤ {MOST_A_DAY}", f"{rate:.1f}", rate <= MOST_A_DAY))
    return shown


def show(found: Evaluation, console: Console) -> None:
    """The closing table."""
    table = Table("what", "level", "found", "reached")
    for what, level, value, reached in levels(found):
        table.add_row(what, level, value, "yes" if reached else "[red]no[/red]")
    console.print(table)


def write(found: Evaluation) -> None:
    """Writes the page and its plots."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    _plot_areas(found.laboratory).savefig(PLOTS / "evaluation-areas.png", dpi=90)
    _plot_reliability(found.laboratory).savefig(PLOTS / "evaluation-reliability.png", dpi=90)
    PAGE.write_text(page(found))


_TEXT: Final = """# Evaluation on networks never seen

Written by `python -m oracles.model.evaluate`. The unit is an asset in a frame of 10 seconds, judged
by the last 60. Each network is left out whole; choices, calibration and thresholds are made again
on the others, by leaving networks out among them. Areas under the curve are taken only between
units of equal protocol and direction, averaged over strata, then sources, then networks.

## Levels

{levels}

Mean over networks {mean:.3f}, 95 % interval by drawing whole networks {low:.3f} to {high:.3f}; over
five seeds {seeds:.3f} ± {spread:.3f}.

## By network

{networks}

![areas](plots/evaluation-areas.png)

## Alarms

These are alarms of the score; the detectors' alerts are judged in [triggers.md](triggers.md). An
alarm begins when an asset's margin passes the threshold; what follows within ten minutes belongs to
it. The threshold is the lowest at which the benign units of the training networks, each judged
without its own network, raise at most {most} alarm per asset-day.

{families}

False alarms:

{calm}

The laboratory packs a day's rhythm into minutes, so its rate is one of busy hours, and its
{days:.2f} asset-days without an attack cannot tell a rate of 1 a day from one of {upper:.0f}: the
upper end is the 95 % limit of a Poisson count.

## Calibration

![reliability](plots/evaluation-reliability.png)

## Published captures

A capture is eligible with thirty units of each class and no single feature or trivial rule, in
either direction, above 0.90. Sets of one class, or in which protocol and direction give the label
away, measure nothing and are named as such.

{eligibility}

{published}

## Controls

- labels shuffled within each network, in training and in judgement: mean area {shuffled:.3f} (0.50
  is no knowledge); the same models against the true labels: {constrained:.3f}, which is what the
  monotone constraints know by themselves
- addresses renumbered and the clock moved by a week: features unchanged in {same} of {all_of}
  recordings
- {pairs:,} pairs of a unit and the same with features raised by any amount: the margin fell in
  {fallen}
- half of the hostile flows taken out of each recording, and put in again: of the {windows:,}
  windows that changed, the margin with all of them is the lower one in {lower:,}
  ({lower_share:.1%}). Constraints speak of features; a share or a surge may itself move down when
  a flow is added

What was tried on the way, with figures: [evaluation-tried.md](evaluation-tried.md).
"""


def page(found: Evaluation) -> str:
    """The page."""
    laboratory = found.laboratory
    areas = by_network(laboratory, "model")
    low, high = interval(areas)
    seeds = [
        float(np.mean(list(_by_network(laboratory, scores).values())))
        for scores in laboratory.by_seed.values()
    ]
    recall = recall_by_family(laboratory.units, laboratory.alarmed)
    return _TEXT.format(
        levels=_table(
            ("what", "level", "found", "reached"),
            [(w, lv, v, "yes" if r else "**no**") for w, lv, v, r in levels(found)],
        ),
        mean=float(np.mean(list(areas.values()))),
        low=low,
        high=high,
        seeds=float(np.mean(seeds)),
        spread=float(np.std(seeds)),
        networks=_networks(found),
        families=_table(
            ("family", "units alarmed", "units", "recall"),
            [(f, caught, total, f"{caught / total:.2f}") for f, (caught, total) in recall.items()],
        ),
        most=MOST_A_DAY,
        calm=_calm(found),
        days=false_alarms(laboratory.units, laboratory.alarmed)[1],
        upper=_upper(*false_alarms(laboratory.units, laboratory.alarmed)),
        eligibility=_table(
            ("capture", "hostile", "benign", "easiest single rule", "its area", "judged by"),
            [
                (
                    e.name,
                    e.hostile,
                    e.benign,
                    e.easiest_rule or "–",
                    f"{e.easiest_auc:.3f}",
                    e.problem or "yes",
                )
                for e in found.eligibility
            ],
        ),
        published=_published(found),
        shuffled=float(np.mean(found.shuffled[0])),
        constrained=float(np.mean(found.shuffled[1])),
        pairs=found.raised.compared,
        fallen=found.raised.lowered,
        windows=sum(one.compared for _, one in found.more_attack),
        lower=sum(one.lowered for _, one in found.more_attack),
        lower_share=sum(one.lowered for _, one in found.more_attack)
        / max(sum(one.compared for _, one in found.more_attack), 1),
        same=sum(same for _, same in found.unchanged),
        all_of=len(found.unchanged),
    )


def _networks(found: Evaluation) -> str:
    """Areas of every scorer by network."""
    judged = found.laboratory
    areas = {scorer: by_network(judged, scorer) for scorer in judged.by_scorer}
    rows = []
    for network in areas["model"]:
        inside = judged.units["network"] == network
        hostile = int((inside & (judged.units["label"] == 1)).sum())
        figures = (f"{areas[scorer].get(network, float('nan')):.3f}" for scorer in areas)
        rows.append((network, int(inside.sum()), hostile, *figures, found.chosen[network]))
    return _table(("network", "units", "hostile", *areas, "chosen on the others"), rows)


def _upper(alarms: int, days: float) -> float:
    """The 95 % upper limit of a rate a day, of a Poisson count."""
    return float(chi2.ppf(0.975, 2 * alarms + 2)) / 2 / days


def _calm(found: Evaluation) -> str:
    """False alarms of each source with benign units."""
    rows = []
    for judged in (found.laboratory, found.calm):
        if judged is None:
            continue
        for name in sorted(set(judged.units["network"])):
            inside = (judged.units["network"] == name).to_numpy(np.bool_)
            alarms, days = false_alarms(judged.units[inside], judged.alarmed[inside])
            if days:
                figures = (f"{days:.3f}", f"{alarms / days:.1f}", f"{_upper(alarms, days):.0f}")
                rows.append((name, alarms, *figures))
    return _table(("network", "alarms", "benign asset-days", "per day", "at most"), rows)


def _published(found: Evaluation) -> str:
    """Areas on the published captures."""
    parts = []
    if found.published is None:
        parts.append("No published capture here is eligible.")
    for title, judged in (
        ("Eligible:", found.published),
        (
            "For orientation only, eligible or not, where a stratum has both classes:",
            found.orientation,
        ),
    ):
        if judged is not None:
            areas = {scorer: by_network(judged, scorer) for scorer in judged.by_scorer}
            rows = [
                (network, *(f"{of.get(network, float('nan')):.3f}" for of in areas.values()))
                for network in areas["model"]
            ]
            parts += [title, _table(("network", *areas), rows)]
    return "\n\n".join(parts)


def _by_network(judged: Judged, scores: np.ndarray) -> dict[str, float]:
    found = equal_auc(judged.units, scores)
    network_of = judged.units.drop_duplicates("source").set_index("source")["network"]
    networks: dict[str, list[float]] = {}
    for source, area in found.items():
        networks.setdefault(str(network_of[source]), []).append(area)
    return {network: float(np.mean(values)) for network, values in sorted(networks.items())}


def _plot_areas(judged: Judged) -> Figure:
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    networks = list(by_network(judged, "model"))
    width = 0.8 / len(judged.by_scorer)
    for number, scorer in enumerate(judged.by_scorer):
        areas: Mapping[str, float] = by_network(judged, scorer)
        places = np.arange(len(networks)) + number * width
        axes.bar(places, [areas.get(n, 0.0) for n in networks], width, label=scorer)
    axes.axhline(0.5, color="#888888", linewidth=0.8)
    axes.set_xticks(np.arange(len(networks)) + 0.4, networks)
    axes.set_ylabel("area at equal protocol and direction")
    axes.set_ylim(0, 1)
    figure.legend(loc="outside lower center", fontsize="small", ncols=len(judged.by_scorer))
    figure.suptitle("networks left out")
    return figure


def _plot_reliability(judged: Judged) -> Figure:
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    hostile = judged.units["label"].to_numpy() == 1
    bucket = np.minimum((judged.probability * 10).astype(int), 9)
    for number in range(10):
        rows = bucket == number
        if rows.any():
            axes.scatter(
                judged.probability[rows].mean(),
                hostile[rows].mean(),
                s=20 + rows.sum() / 4,
                color="#3a6ea5",
            )
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=0.8)
    axes.set_xlabel("score / 10,000")
    axes.set_ylabel("share of hostile units")
    figure.suptitle("reliability on networks left out")
    return figure


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(
        "| " + " | ".join(map(str, line)) + " |" for line in (head, ["---"] * len(head), *rows)
    )
