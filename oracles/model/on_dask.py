"""Grows the trees on a Dask cluster (``python -m oracles.model.on_dask``); changes when the way of
spreading the training does.

The trees are those of one machine, bit for bit: features are binned integers, so that every worker
sees the same cuts. The command grows the shipped model again on two local workers and compares its
hash with the registered one's.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pandas as pd
import xgboost as xgb
from dask import array as da
from distributed import Client, LocalCluster
from xgboost import dask as dxgb

from oracles.domain.binning import Bins, bins_for
from oracles.domain.features import NAMES
from oracles.model.artefact import CURRENT, REGISTRY, Artefact, load
from oracles.model.datasets import listed
from oracles.model.train import PARAMETERS, Choice, gathered, masked_copies, weights

WORKERS = 2


def grow(
    client: Client, table: pd.DataFrame, bins: Bins, choice: Choice, seed: int = 1
) -> xgb.Booster:
    """As ``train.grow``, with the units in as many parts as the cluster has workers."""
    both = masked_copies(table if choice.published else table[table["own"]])
    rows = -(-len(both) // max(len(client.scheduler_info()["workers"]), 1))

    def parts(values: Any) -> Any:
        chunks = (rows, *values.shape[1:])
        return da.from_array(values, chunks=chunks)  # type: ignore[no-untyped-call]

    data = dxgb.DaskDMatrix(
        client,
        parts(bins.apply(both)),
        parts(both["label"].to_numpy()),
        weight=parts(weights(both)),
        missing=0,
    )
    settings = PARAMETERS | {"max_depth": choice.depth, "seed": seed, "nthread": 1}
    booster: xgb.Booster = dxgb.train(client, settings, data, choice.rounds)["booster"]
    return booster


def main() -> int:
    """Grows the shipped model again on a cluster; 1 when it is not the same."""
    name = (REGISTRY / CURRENT).read_text().strip()
    shipped = load(REGISTRY / name)
    choice = Choice(**json.loads((REGISTRY / name / "card.json").read_text())["choice"])
    bins = bins_for(NAMES)
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=WORKERS, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        booster = grow(client, gathered(listed()), bins, choice)
    found = Artefact(bins, booster, shipped.calibration).model_hash.hex()
    print(f"one machine  0x{name}\n{WORKERS} workers    0x{found}")
    return 0 if found == name else 1


if __name__ == "__main__":
    sys.exit(main())
