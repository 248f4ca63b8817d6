"""Figures by which models are judged; changes when a figure is defined otherwise.

The area under the curve is taken only between a hostile and a benign unit of equal protocol and
direction: a unit belongs to the stratum of most of its hostile flows, a benign one to every stratum
that it has a flow in. Strata are averaged within a source, sources within a network, networks last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from oracles.model.datasets import STRATA

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEWEST: Final = 5  # units of either class below which a stratum says nothing
BINS: Final = 10
QUIET_S: Final = 600  # after which a further alarm of the same asset calls a person again
MOST_A_DAY: Final = 1  # alarms per asset that a person would still look at


def auc(hostile: Bools, score: npt.NDArray[np.generic]) -> float:
    """The share of pairs in which the hostile unit scores higher, ties counted half; NaN when a
    class is missing."""
    positive = int(hostile.sum())
    negative = len(hostile) - positive
    if positive == 0 or negative == 0:
        return float("nan")
    ranks = rankdata(score)
    excess = float(ranks[hostile].sum()) - positive * (positive + 1) / 2
    return excess / (positive * negative)


def strata(table: pd.DataFrame) -> dict[str, Bools]:
    """For each protocol and direction, the units that belong to it."""
    names = [f"{proto}_{side}" for proto, side in STRATA]
    bad = table[[f"bad_{name}" for name in names]].to_numpy()
    present = table[[f"all_{name}" for name in names]].to_numpy() > 0
    hostile = table["label"].to_numpy() == 1
    main = bad.argmax(axis=1)
    return {
        name: np.where(hostile, main == column, present[:, column])
        for column, name in enumerate(names)
    }


def equal_auc(table: pd.DataFrame, score: npt.NDArray[np.generic]) -> dict[str, float]:
    """The area of each source, averaged over its strata; sources without a usable one are left
    out."""
    found: dict[str, float] = {}
    hostile = table["label"].to_numpy() == 1
    groups = strata(table)
    source = table["source"].to_numpy()
    for name in sorted(set(source)):
        areas = []
        for members in groups.values():
            rows = (source == name) & members
            bad = hostile[rows]
            if min(int(bad.sum()), int((~bad).sum())) >= FEWEST:
                areas.append(auc(bad, score[rows]))
        if areas:
            found[name] = float(np.mean(areas))
    return found


def calibration_error(hostile: Bools, probability: Floats, balanced: bool = False) -> float:
    """The mean gap between probability and share of hostile units over ten equal bins, weighted by
    units, or with both classes weighing the same."""
    weight = np.ones(len(hostile))
    if balanced and hostile.any() and not hostile.all():
        weight[hostile] = 0.5 / hostile.sum()
        weight[~hostile] = 0.5 / (~hostile).sum()
    bucket = np.minimum((probability * BINS).astype(int), BINS - 1)
    gap = 0.0
    for number in range(BINS):
        rows = bucket == number
        total = weight[rows].sum()
        if total > 0:
            share = weight[rows & hostile].sum() / total
            gap += total * abs(share - float(np.average(probability[rows], weights=weight[rows])))
    return float(gap / weight.sum())


def interval(
    values: Mapping[str, float], seed: int = 1, rounds: int = 2_000
) -> tuple[float, float]:
    """The 95 % interval of the mean over sources, by drawing whole sources."""
    draw = np.random.default_rng(seed)
    found = np.array(list(values.values()))
    means = found[draw.integers(0, len(found), (rounds, len(found)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def recall_by_family(table: pd.DataFrame, alarmed: Bools) -> dict[str, tuple[int, int]]:
    """Of each family, how many hostile units were alarmed, and how many there are."""
    hostile = table["label"].to_numpy() == 1
    family = table["family"].to_numpy()
    return {
        str(name): (int((alarmed & rows).sum()), int(rows.sum()))
        for name in sorted(set(family[hostile]))
        for rows in (hostile & (family == name),)
    }


def false_alarms(table: pd.DataFrame, alarmed: Bools) -> tuple[int, float]:
    """How often a person was called for nothing, and the days that assets were benign: alarmed
    benign units of an asset of a source less than QUIET_S apart are one alarm."""
    benign = table["label"].to_numpy() == 0
    days = float(table["seconds"].to_numpy()[benign].sum()) / 86_400
    rows = table[benign & alarmed].sort_values(["source", "asset", "frame"])
    since = rows.groupby(["source", "asset"])["frame"].diff() * rows["seconds"]
    return int((since.isna() | (since >= QUIET_S)).sum()), days


def quiet_threshold(table: pd.DataFrame, margin: npt.NDArray[np.integer]) -> float:
    """The lowest margin above which the benign units raise at most MOST_A_DAY alarms per day of an
    asset."""
    benign = np.unique(margin[table["label"].to_numpy() == 0])
    threshold = float(benign[-1])
    for lower in benign[-2::-1]:
        alarms, days = false_alarms(table, margin > lower)
        if alarms > MOST_A_DAY * days:
            break
        threshold = float(lower)
    return threshold
