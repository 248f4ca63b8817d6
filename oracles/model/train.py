"""Trains the shipped model (``python -m oracles.model.train``); changes when the way of training
does.

Whole networks are left out in turn; the margins of each network by the model that has not seen it
give the calibration; the shipped trees are then grown on all networks. Everything is seeded and
on integers, so the same data give the same hash.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import rfc8785
import xgboost as xgb
from eth_utils.crypto import keccak
from rich.console import Console
from rich.table import Table

from oracles.domain.binning import Bins, bins_for
from oracles.domain.calibration import TOP_SCORE, Calibration, Ints, fit
from oracles.domain.drift import Reference, counts
from oracles.domain.features import HISTORICAL, NAMES
from oracles.domain.flow import MISSING
from oracles.model.artefact import Artefact, save
from oracles.model.card import PAGE, page
from oracles.model.datasets import Source, digest, listed, units
from oracles.model.metrics import equal_auc
from oracles.model.scoring import margins

Floats = npt.NDArray[np.float64]

PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary:logistic",
    "base_score": 0.5,
    "tree_method": "hist",
    "max_bin": 256,
    "eta": 0.1,
    "lambda": 4.0,
    "min_child_weight": 4.0,
    "colsample_bynode": 0.5,
    "monotone_constraints": "(" + ",".join("1" for _ in NAMES) + ")",
    "seed": 1,
}


FEWEST_NETWORKS: Final = 3


class TooFewNetworks(Exception):
    """Not enough networks of the project's own to choose and calibrate by leaving them out."""

    def __init__(self, networks: Sequence[str]) -> None:
        super().__init__(
            f"{len(networks)} of the project's own networks ({', '.join(networks)}), and a model is"
            f" chosen and calibrated on {FEWEST_NETWORKS}: record the laboratory and list it in"
            " oracles/model/sources.toml; the registry is left as it is"
        )
        self.networks = tuple(networks)


@dataclass(frozen=True)
class Choice:
    """What is chosen by networks left out: depth and number of trees, and whether the published
    sets are trained on beside the project's own recordings."""

    depth: int
    rounds: int
    published: bool


# Depth 1 makes the margin a sum of one step function a feature: what a network has not shown in
# training cannot meet a rule about two features at once, and a reason is a feature's own share.
CHOICES: Final = (
    Choice(1, 150, False),
    Choice(1, 300, False),
    Choice(2, 100, False),
    Choice(1, 300, True),
)
PRESENT: Final = tuple(name for name in NAMES if name not in HISTORICAL)


def weights(table: pd.DataFrame, by_class: bool = True) -> Floats:
    """Equal weight for each network, and where asked for within it for hostile and benign units and
    among the hostile ones for each family, so that a rare kind of attack is learned as well as one
    that fills many windows; mean 1."""
    weight: Floats = np.ones(len(table))
    keys = ["network", "label", "family"] if by_class else ["network"]
    for depth in range(len(keys), 0, -1):
        total = pd.Series(weight, table.index).groupby([table[key] for key in keys[:depth]])
        weight = weight / total.transform("sum").to_numpy(np.float64)
    weight *= len(table) / weight.sum()
    return weight


def masked_copies(table: pd.DataFrame) -> pd.DataFrame:
    """The units three times: whole, as of an asset without history, and with nothing but what is
    new about it. What a window shows and what is new about it thereby learn to tell by
    themselves, so that a network in which one of them misleads has the other."""
    blind = table.assign(**dict.fromkeys(HISTORICAL, MISSING))
    novel = table.assign(**dict.fromkeys(PRESENT, MISSING))
    return pd.concat([table, blind, novel], ignore_index=True)


def grow(
    table: pd.DataFrame, bins: Bins, choice: Choice, seed: int = 1, threads: int = 1
) -> xgb.Booster:
    """The trees for labelled units; the same for any number of threads and order of rows."""
    both = masked_copies(table if choice.published else table[table["own"]])
    data = xgb.DMatrix(
        bins.apply(both), label=both["label"].to_numpy(), weight=weights(both), missing=0
    )
    settings = PARAMETERS | {"max_depth": choice.depth, "seed": seed, "nthread": threads}
    return xgb.train(settings, data, choice.rounds)


def unseen_margins(table: pd.DataFrame, bins: Bins, choice: Choice, seed: int = 1) -> Ints:
    """The margin of each unit of the project's own networks by a model grown without its network;
    0 for units of published sets."""
    found = np.zeros(len(table), np.int64)
    networks, own = table["network"].to_numpy(), table["own"].to_numpy(np.bool_)
    for network in sorted(set(networks[own])):
        inside = networks == network
        booster = grow(table[~inside], bins, choice, seed)
        found[inside] = margins(booster, bins.apply(table[inside]))
    return found


@dataclass(frozen=True)
class Trial:
    """A choice, the margins that it gave each network without having seen it, and their mean
    area."""

    choice: Choice
    unseen: Ints
    area: float


def trials(table: pd.DataFrame, bins: Bins) -> list[Trial]:
    """Every choice, tried on networks left out."""
    own = table["own"].to_numpy(np.bool_)
    found = []
    for choice in CHOICES:
        unseen = unseen_margins(table, bins, choice)
        areas = list(equal_auc(table[own], unseen[own]).values())
        found.append(Trial(choice, unseen, round(float(np.mean(areas or [0.0])), 6)))
    return found


def best(tried: Sequence[Trial]) -> Trial:
    """The one with the highest area, the first of equals."""
    return max(tried, key=lambda trial: trial.area)


def best_choice(table: pd.DataFrame, bins: Bins) -> tuple[Choice, Ints]:
    """The best choice, and the margins that it gave networks it had not seen."""
    chosen = best(trials(table, bins))
    return chosen.choice, chosen.unseen


def calibrated(table: pd.DataFrame, unseen: Ints) -> Calibration:
    """The steps from unseen margins to the share of hostile units, own networks weighed equally."""
    own = table["own"].to_numpy(np.bool_)
    units_of_own = table[own]
    hostile = units_of_own["label"].to_numpy() == 1
    return fit(unseen[own], hostile, weights(units_of_own, by_class=False))


def results(table: pd.DataFrame, scores: Ints) -> list[dict[str, Any]]:
    """Per source, what scores of a model that has not seen its network are like."""
    areas = equal_auc(table, scores)
    found = []
    for name, part in table.assign(score=scores).groupby("source", sort=True):
        hostile = part["label"].to_numpy() == 1
        score = part["score"].to_numpy()
        found.append(
            {
                "source": str(name),
                "units": len(part),
                "hostile": int(hostile.sum()),
                "auc": round(areas[str(name)], 4) if str(name) in areas else None,
                "median_benign": int(np.median(score[~hostile])) if (~hostile).any() else None,
                "median_hostile": int(np.median(score[hostile])) if hostile.any() else None,
            }
        )
    return found


def gathered(sources: Sequence[Source]) -> pd.DataFrame:
    """The labelled units of all sources; ``own`` marks those of the project's recordings."""
    return pd.concat(
        [units(source).assign(own=source.base == "recordings") for source in sources],
        ignore_index=True,
    )


def train(sources: Sequence[Source]) -> tuple[Artefact, dict[str, Any], Reference]:
    """The model of the sources, its card, and how its features were distributed.

    Raises FileNotFoundError for a missing file, and TooFewNetworks when the networks are too few
    for leaving some out to mean anything.
    """
    networks = sorted({source.network for source in sources if source.base == "recordings"})
    if len(networks) < FEWEST_NETWORKS:
        raise TooFewNetworks(networks)
    table = gathered(sources)
    bins = bins_for(NAMES)
    tried = trials(table, bins)
    choice, unseen = best(tried).choice, best(tried).unseen
    calibration = calibrated(table, unseen)
    artefact = Artefact(bins, grow(table, bins, choice), calibration)
    own = table["own"].to_numpy(np.bool_)
    used = [s for s in sources if choice.published or s.base == "recordings"]
    digests = {source.name: digest(source) for source in used}
    card = {
        "model_hash": "0x" + artefact.model_hash.hex(),
        "unit": "an asset in a frame, judged by the last 60 seconds of its flows",
        "score": f"0 to {TOP_SCORE}: share of hostile windows, networks weighted equally",
        "features": len(NAMES),
        "choice": asdict(choice),
        "tried": [asdict(trial.choice) | {"area": round(trial.area, 4)} for trial in tried],
        "data_hash": "0x" + keccak(rfc8785.dumps(digests)).hex(),
        "sources": [
            {
                "name": source.name,
                "network": source.network,
                "file": source.file,
                "sha256": digests[source.name],
                "licence": source.licence,
                "cite": source.cite,
            }
            for source in used
        ],
        "parameters": PARAMETERS,
        "versions": {"xgboost": xgb.__version__, "python": platform.python_version()},
        "unseen_networks": results(table[own], calibration.apply(unseen[own])),
    }
    trained_on = table if choice.published else table[own]
    return artefact, card, counts(bins, bins.apply(trained_on))


def main() -> None:
    """Trains on the listed sources and writes the registry."""
    console = Console()
    try:
        artefact, card, reference = train(listed())
    except (TooFewNetworks, FileNotFoundError) as error:
        sys.exit(f"train: {error}")
    folder = save(artefact, card, reference=reference)
    PAGE.write_text(page(card))
    shown = Table("source", "units", "hostile", "AUC unseen", "median benign", "median hostile")
    for row in card["unseen_networks"]:
        shown.add_row(*("–" if value is None else str(value) for value in row.values()))
    console.print(shown)
    console.print(f"model {card['model_hash']} written to {folder.name}")


if __name__ == "__main__":
    main()
