"""Controls of an evaluation: what must not tell anything, what must never lower a score; changes
when a control is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xgboost as xgb

from oracles.domain.binning import Bins
from oracles.domain.calibration import Ints
from oracles.domain.features import features
from oracles.model.datasets import Source, load, recorded_assets, units
from oracles.model.metrics import equal_auc
from oracles.model.scoring import margins
from oracles.model.train import Choice, grow

PAIRS: Final = 2_000_000
_AT_ONCE: Final = 200_000


@dataclass(frozen=True)
class Lowered:
    """Of ``compared`` pairs, in how many the one with more of everything had the lower margin, and
    by how much at most, in ten-thousandths of log odds."""

    compared: int
    lowered: int
    most: int


def raised_features(
    booster: xgb.Booster, bins: Bins, table: pd.DataFrame, pairs: int = PAIRS, seed: int = 1
) -> Lowered:
    """Units against the same with some known features raised by any amount."""
    draw = np.random.default_rng(seed)
    binned = bins.apply(table)
    top = len(bins.edges) + 1
    lowered = most = 0
    for start in range(0, pairs, _AT_ONCE):
        low = binned[draw.integers(0, len(binned), min(_AT_ONCE, pairs - start))]
        chosen = (draw.random(low.shape) < draw.random((len(low), 1))) & (low > 0)
        high = np.minimum(low + draw.integers(0, 40, low.shape) * chosen, top).astype(np.uint8)
        drop = margins(booster, low) - margins(booster, high)
        lowered += int((drop > 0).sum())
        most = max(most, int(drop.max(initial=0)))
    return Lowered(pairs, lowered, most)


def more_attack(source: Source, booster: xgb.Booster, bins: Bins, seed: int = 1) -> Lowered:
    """Hostile units of a network against the same windows with half of the hostile flows taken
    out, which is no raising of features: shares and surges may move either way."""
    labelled = load(source)
    assets = source.assets or recorded_assets(source)
    hostile = labelled.label == 1
    kept = ~(hostile & (np.random.default_rng(seed).random(len(hostile)) < 0.5))
    clock = units(source)["seconds"].iloc[0]
    whole = features(labelled.flows, assets, int(clock), 0)
    fewer = features(labelled.flows[kept].reset_index(drop=True), assets, int(clock), 0)
    both = fewer.index.intersection(whole.index)
    more, less = (margins(booster, bins.apply(of.loc[both])) for of in (whole, fewer))
    changed = (whole.loc[both] != fewer.loc[both]).any(axis=1).to_numpy(np.bool_)
    drop = (less - more)[changed]
    return Lowered(int(changed.sum()), int((drop > 0).sum()), int(drop.max(initial=0)))


def unchanged(source: Source) -> bool:
    """Whether renumbered addresses and a shifted clock leave every feature as it was."""
    flows = load(source).flows
    assets = source.assets or recorded_assets(source)
    shift_us = 7 * 86_400 * 1_000_000

    def renumber(name: str) -> pd.Series:
        return flows[name].cat.rename_categories(_other_address)

    moved = flows.assign(
        ts=flows["ts"] + shift_us, orig_h=renumber("orig_h"), resp_h=renumber("resp_h")
    )
    renamed = {name: [_other_address(a) for a in blocks] for name, blocks in assets.items()}
    before = features(flows, assets, 10, 0)
    after = features(moved, renamed, 10, shift_us)
    return after.equals(before)


def shuffled(
    own: pd.DataFrame, bins: Bins, choice: Choice, seeds: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Areas with labels shuffled within each network: against the shuffled labels, which is no
    knowledge, and against the true ones, which is what the constraints alone know."""
    own = own.reset_index(drop=True)
    against_shuffled: list[float] = []
    against_true: list[float] = []
    labels = ["label", "family", *(name for name in own.columns if name.startswith("bad_"))]
    for seed in seeds:
        draw = np.random.default_rng(seed)
        mixed = own.copy()
        for rows in own.groupby("network").indices.values():
            mixed.loc[rows, labels] = own.loc[draw.permutation(rows), labels].to_numpy()
        mixed = mixed.astype({name: own[name].dtype for name in labels})
        found: Ints = np.zeros(len(own), np.int64)
        for network in sorted(set(own["network"])):
            inside = (own["network"] == network).to_numpy()
            booster = grow(mixed[~inside], bins, choice, seed)
            found[inside] = margins(booster, bins.apply(own[inside]))
        against_shuffled += list(equal_auc(mixed, found).values())
        against_true += list(equal_auc(own, found).values())
    return against_shuffled, against_true


def _other_address(text: str) -> str:
    """Another address of the same family, a different one for each."""
    return f"fd00::{text}" if ":" in text else f"11.{text.split('.', 1)[1]}"
