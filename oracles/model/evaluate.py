"""Judges the way of training on networks it has not seen (``python -m oracles.model.evaluate``);
changes when the protocol does.

Each of the project's networks is left out whole. Choices, calibration and thresholds are made anew
on the others, by leaving networks out among them. The published captures of ``evaluation.toml`` are
judged by models grown without anything of their network. Nothing is split at random, and nothing
of a network that is judged reaches what judges it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from oracles.domain.binning import Bins, bins_for
from oracles.domain.calibration import TOP_SCORE
from oracles.domain.features import NAMES
from oracles.model import baselines, controls, evaluation_page
from oracles.model.datasets import Source, listed, units
from oracles.model.metrics import equal_auc, quiet_threshold
from oracles.model.scoring import margins
from oracles.model.train import CHOICES, best_choice, calibrated, gathered, grow

Floats = npt.NDArray[np.float64]

LIST: Final = Path(__file__).with_name("evaluation.toml")
SEEDS: Final = (1, 2, 3, 4, 5)
FEWEST_UNITS: Final = 30
EASIEST: Final = 0.90
SCORERS: Final = ("model", *baselines.LEARNED, *baselines.TRIVIAL)


@dataclass
class Judged:
    """Scores of units by models that have not seen their network."""

    units: pd.DataFrame
    by_scorer: dict[str, Floats]
    by_seed: dict[int, Floats]
    probability: Floats
    alarmed: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Eligibility:
    """Whether a published capture can be judged by, and why not."""

    name: str
    hostile: int
    benign: int
    easiest_rule: str
    easiest_auc: float
    problem: str = ""


@dataclass
class Evaluation:
    """Everything that the page shows."""

    laboratory: Judged
    published: Judged | None  # eligible captures
    orientation: Judged | None  # all captures with both classes in a stratum, eligible or not
    calm: Judged | None  # every published capture, for its benign units
    eligibility: list[Eligibility]
    chosen: dict[str, str]
    shuffled: tuple[list[float], list[float]]  # against shuffled labels, against the true ones
    unchanged: list[tuple[str, bool]]
    raised: controls.Lowered
    more_attack: list[tuple[str, controls.Lowered]]


def evaluate(sources: Sequence[Source], captures: Sequence[Source]) -> Evaluation:
    """Runs the whole protocol. Raises FileNotFoundError for a missing file."""
    bins = bins_for(NAMES)
    table = gathered(sources)
    networks = sorted(set(table["network"][table["own"]]))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("networks left out", total=len(networks) + 2)
        parts: list[Judged] = []
        chosen: dict[str, str] = {}
        for network in networks:
            inside = (table["network"] == network) & table["own"]
            part, choice = judge(table[~inside], table[inside], bins)
            parts.append(part)
            chosen[network] = choice
            progress.advance(task)
        laboratory = joined(parts)
        verdicts, published, orientation, calm = _published(table, captures, bins)
        progress.advance(task)
        own = [source for source in sources if source.base == "recordings"]
        whole = grow(table, bins, best_choice(table, bins)[0])
        return Evaluation(
            laboratory,
            published,
            orientation,
            calm,
            verdicts,
            chosen,
            controls.shuffled(table[table["own"]], bins, CHOICES[0], SEEDS),
            [(source.name, controls.unchanged(source)) for source in own],
            controls.raised_features(whole, bins, table),
            [(source.name, controls.more_attack(source, whole, bins)) for source in own],
        )


def judge(training: pd.DataFrame, held: pd.DataFrame, bins: Bins) -> tuple[Judged, str]:
    """Scores ``held`` by everything that is learned from ``training`` alone."""
    training, held = training.reset_index(drop=True), held.reset_index(drop=True)
    choice, unseen = best_choice(training, bins)
    calibration = calibrated(training, unseen)
    mine = training["own"].to_numpy(np.bool_)
    threshold = quiet_threshold(training[mine], unseen[mine])
    binned = bins.apply(held)
    by_seed = {
        seed: margins(grow(training, bins, choice, seed), binned).astype(np.float64)
        for seed in SEEDS
    }
    found = by_seed[SEEDS[0]]
    rivals = {**baselines.LEARNED, **baselines.TRIVIAL}
    own = training[training["own"]]
    return (
        Judged(
            held,
            {"model": found} | {name: rival(own, held) for name, rival in rivals.items()},
            by_seed,
            calibration.apply(found.astype(np.int64)) / TOP_SCORE,
            found > threshold,
        ),
        f"depth {choice.depth}, {choice.rounds} rounds"
        + (", with published sets" if choice.published else ""),
    )


def joined(parts: Sequence[Judged]) -> Judged:
    """Several held-out parts as one."""
    return Judged(
        pd.concat([part.units for part in parts], ignore_index=True),
        {name: np.concatenate([p.by_scorer[name] for p in parts]) for name in SCORERS},
        {seed: np.concatenate([p.by_seed[seed] for p in parts]) for seed in SEEDS},
        np.concatenate([part.probability for part in parts]),
        np.concatenate([part.alarmed for part in parts]),
    )


def eligibility(source: Source, table: pd.DataFrame) -> Eligibility:
    """A capture is judged by when it has thirty units of each class and no single feature or
    trivial rule, in either direction, tells them apart with an area above 0.90."""
    hostile = int((table["label"] == 1).sum())
    benign = len(table) - hostile
    rules = {name: table[name].to_numpy(np.float64) for name in NAMES}
    rules |= {name: rule(table, table) for name, rule in baselines.TRIVIAL.items()}
    areas = {name: equal_auc(table, values) for name, values in rules.items()}
    best = {name: max(a, 1 - a) for name, found in areas.items() for a in found.values()}
    easiest = max(best, key=lambda name: best[name]) if best else ""
    problem = ""
    if min(hostile, benign) < FEWEST_UNITS:
        problem = f"fewer than {FEWEST_UNITS} units of a class"
    elif not best:
        problem = "no protocol and direction has both classes"
    elif best[easiest] > EASIEST:
        problem = f"one rule alone reaches {best[easiest]:.3f}"
    return Eligibility(source.name, hostile, benign, easiest, best.get(easiest, 0.0), problem)


def _published(
    table: pd.DataFrame, captures: Sequence[Source], bins: Bins
) -> tuple[list[Eligibility], Judged | None, Judged | None, Judged | None]:
    """What of the captures can be judged by: verdicts, the eligible ones, those with both classes
    in a stratum, and all. Captures of one network are judged by one model."""
    held = pd.concat([units(c).assign(own=False) for c in captures], ignore_index=True)
    parts = [
        judge(table[table["network"] != network], part, bins)[0]
        for network, part in held.groupby("network", sort=False)
    ]
    every = joined(parts)
    verdicts = [eligibility(c, every.units[every.units["source"] == c.name]) for c in captures]
    eligible = [v.name for v in verdicts if not v.problem]
    measurable = [v.name for v in verdicts if v.easiest_rule]
    return verdicts, _of(every, eligible), _of(every, measurable), every


def _of(judged: Judged, sources: Sequence[str]) -> Judged | None:
    """The units of some sources, or None where there are none."""
    rows = judged.units["source"].isin(sources).to_numpy(np.bool_)
    if not rows.any():
        return None
    return Judged(
        judged.units[rows].reset_index(drop=True),
        {name: scores[rows] for name, scores in judged.by_scorer.items()},
        {seed: scores[rows] for seed, scores in judged.by_seed.items()},
        judged.probability[rows],
        judged.alarmed[rows],
    )


def captures(path: Path = LIST) -> list[Source]:
    """The published captures of the list."""
    return [Source(**entry) for entry in tomllib.loads(path.read_text())["source"]]


def main() -> None:
    """Evaluates, prints the closing table, and writes the page and its plots."""
    found = evaluate(listed(), captures())
    evaluation_page.show(found, Console())
    evaluation_page.write(found)


if __name__ == "__main__":
    main()
