"""What the model is compared with; changes when a rival is added.

Each rival learns from the training units (trivial rules from nothing) and scores others; higher is
more hostile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from oracles.domain.features import NAMES
from oracles.model.datasets import STRATA

Floats = npt.NDArray[np.float64]
Rival = Callable[[pd.DataFrame, pd.DataFrame], Floats]

# what a detector without our features would be given: totals
PLAIN: Final = (
    "flows",
    "packets",
    "bytes",
    "silent",
    *(f"all_{proto}_{side}" for proto, side in STRATA),
)


def _no_reply(_: pd.DataFrame, units: pd.DataFrame) -> Floats:
    share: Floats = (units["silent"] / units["flows"].clip(lower=1)).to_numpy(np.float64)
    return share


def _is_tcp(_: pd.DataFrame, units: pd.DataFrame) -> Floats:
    tcp = units["all_tcp_in"] + units["all_tcp_out"]
    return (tcp / units["flows"].clip(lower=1)).to_numpy(np.float64)


def _flow_count(_: pd.DataFrame, units: pd.DataFrame) -> Floats:
    return units["flows"].to_numpy(np.float64)


def _plain_trees(training: pd.DataFrame, units: pd.DataFrame) -> Floats:
    """XGBoost as it comes, on totals: no constraint, no weights, no masking, no binning."""
    data = xgb.DMatrix(training[list(PLAIN)].to_numpy(np.float64), training["label"].to_numpy())
    settings = {"objective": "binary:logistic", "seed": 1, "nthread": 1}
    booster = xgb.train(settings, data, 100)
    found = booster.predict(xgb.DMatrix(units[list(PLAIN)].to_numpy(np.float64)))
    return np.asarray(found, np.float64)


def _logistic(training: pd.DataFrame, units: pd.DataFrame) -> Floats:
    model = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=500, class_weight="balanced")
    )
    model.fit(_logs(training), training["label"])
    return np.asarray(model.decision_function(_logs(units)), np.float64)


def _isolation(training: pd.DataFrame, units: pd.DataFrame) -> Floats:
    """An isolation forest of the benign training units."""
    forest = IsolationForest(n_estimators=100, random_state=1)
    forest.fit(_logs(training[training["label"] == 0]))
    return -np.asarray(forest.score_samples(_logs(units)), np.float64)


def _logs(units: pd.DataFrame) -> Floats:
    logs: Floats = np.log1p(units[list(NAMES)].clip(lower=0).to_numpy(np.float64))
    return logs


TRIVIAL: Final[Mapping[str, Rival]] = {
    "no reply": _no_reply,
    "is TCP": _is_tcp,
    "flow count": _flow_count,
}
LEARNED: Final[Mapping[str, Rival]] = {
    "plain XGBoost": _plain_trees,
    "logistic regression": _logistic,
    "isolation forest": _isolation,
}
