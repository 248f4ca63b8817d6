"""Random labelled units, for tests of the model that need no data set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oracles.domain.features import HISTORICAL, NAMES
from oracles.domain.flow import MISSING
from oracles.model.datasets import STRATA


def labelled_units(seed: int, count: int = 400) -> pd.DataFrame:
    """Units of four networks whose hostile ones have more logins and failures."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({name: draw.geometric(0.02, count).astype(np.int64) for name in NAMES})
    hostile = draw.random(count) < 0.4
    table.loc[hostile, ["in_alike_logins", "in_peer_failed"]] += draw.integers(
        20, 200, (hostile.sum(), 2)
    )
    table.loc[draw.random(count) < 0.3, list(HISTORICAL)] = MISSING
    return table.assign(
        label=hostile.astype(np.int64),
        family=np.where(hostile, "brute_force", "benign"),
        network=draw.choice(["a", "b", "c", "d"], count),
        source="made",
        asset="host",
        frame=np.arange(count),
        seconds=10,
        flows=1,
        packets=1,
        bytes=1,
        silent=0,
        own=True,
        **{
            f"{kind}_{proto}_{side}": hostile.astype(np.int64) if kind == "bad" else 1
            for kind in ("all", "bad")
            for proto, side in STRATA
        },
    )
