"""Trains the shipped model (``python -m oracles.model.train``); changes when the way of training
does.

Whole networks are left out in turn; the margins of each network by the model that has not seen it
give the calibration; the shipped trees are then grown on all networks. Everything is seeded and
on integers, so the same data give the same hash.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from oracles.domain.binning import Bins, bins_for
from oracles.domain.calibration import TOP_SCORE, Calibration, Ints, fit
from oracles.domain.features import HISTORICAL, NAMES
from oracles.domain.flow import MISSING
from oracles.model.artefact import Artefact, save
from oracles.model.card import PAGE, page
from oracles.model.datasets import Source, digest, listed, units
from oracles.model.scoring import margins

PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary:logistic",
    "base_score": 0.5,
    "tree_method": "hist",
    "max_bin": 256,
    "max_depth": 4,
    "eta": 0.1,
    "lambda": 4.0,
    "min_child_weight": 4.0,
    "colsample_bynode": 0.5,
    "monotone_constraints": "(" + ",".join("1" for _ in NAMES) + ")",
    "seed": 1,
}
ROUNDS: Final = 120


def weights(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Equal weight for each network, and within it for hostile and benign units; mean 1."""
    of_group = table.groupby(["network", "label"])["label"].transform("size")
    weight: npt.NDArray[np.float64] = 1.0 / of_group.to_numpy(np.float64)
    weight *= len(table) / weight.sum()
    return weight


def masked_copies(table: pd.DataFrame) -> pd.DataFrame:
    """The units twice, the second time as of an asset without history."""
    blind = table.assign(**dict.fromkeys(HISTORICAL, MISSING))
    return pd.concat([table, blind], ignore_index=True)


def grow(table: pd.DataFrame, bins: Bins, threads: int = 1) -> xgb.Booster:
    """The trees for labelled units; the same for any number of threads and order of rows."""
    both = masked_copies(table)
    data = xgb.DMatrix(
        bins.apply(both), label=both["label"].to_numpy(), weight=weights(both), missing=0
    )
    return xgb.train(PARAMETERS | {"nthread": threads}, data, ROUNDS)


def unseen_margins(table: pd.DataFrame, bins: Bins) -> Ints:
    """The margin of each unit by a model grown on the other networks only."""
    found = np.zeros(len(table), np.int64)
    networks = table["network"].to_numpy()
    for network in sorted(set(networks)):
        inside = networks == network
        found[inside] = margins(grow(table[~inside], bins), bins.apply(table[inside]))
    return found


def results(table: pd.DataFrame, scores: Ints) -> list[dict[str, Any]]:
    """Per source, what scores of a model that has not seen its network are like."""
    found = []
    for name, part in table.assign(score=scores).groupby("source", sort=True):
        hostile = part["label"].to_numpy() == 1
        score = part["score"].to_numpy()
        both = hostile.any() and not hostile.all()
        found.append(
            {
                "source": str(name),
                "units": len(part),
                "hostile": int(hostile.sum()),
                "auc": round(float(roc_auc_score(hostile, score)), 4) if both else None,
                "median_benign": int(np.median(score[~hostile])) if (~hostile).any() else None,
                "median_hostile": int(np.median(score[hostile])) if hostile.any() else None,
            }
        )
    return found


def train(sources: Sequence[Source]) -> tuple[Artefact, dict[str, Any]]:
    """The model of the sources, and its card. Raises FileNotFoundError for a missing file."""
    table = pd.concat([units(source) for source in sources], ignore_index=True)
    bins = bins_for(NAMES)
    unseen = unseen_margins(table, bins)
    calibration: Calibration = fit(unseen, table["label"].to_numpy() == 1, weights(table))
    artefact = Artefact(bins, grow(table, bins), calibration)
    card = {
        "model_hash": "0x" + artefact.model_hash.hex(),
        "unit": "an asset in a frame, judged by the last 60 seconds of its flows",
        "score": f"0 to {TOP_SCORE}: share of hostile windows, networks weighted equally",
        "features": len(NAMES),
        "sources": [
            {
                "name": source.name,
                "network": source.network,
                "file": source.file,
                "sha256": digest(source),
                "licence": source.licence,
                "cite": source.cite,
            }
            for source in sources
        ],
        "parameters": PARAMETERS | {"rounds": ROUNDS},
        "versions": {"xgboost": xgb.__version__, "python": platform.python_version()},
        "unseen_networks": results(table, calibration.apply(unseen)),
    }
    return artefact, card


def main() -> None:
    """Trains on the listed sources and writes the registry."""
    console = Console()
    artefact, card = train(listed())
    folder = save(artefact, card)
    PAGE.write_text(page(card))
    shown = Table("source", "units", "hostile", "AUC unseen", "median benign", "median hostile")
    for row in card["unseen_networks"]:
        shown.add_row(*("–" if value is None else str(value) for value in row.values()))
    console.print(shown)
    console.print(f"model {card['model_hash']} written to {folder.name}")


if __name__ == "__main__":
    main()
