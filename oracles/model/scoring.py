"""Scores of units by a registered model; changes when the steps from features to a score do.

Integer features → bins → trees → float32 margin → whole ten-thousandths → calibration steps. Every
step gives the same integer on every machine, for any thread count and any order of the rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb

from oracles.domain.calibration import MARGIN_UNIT, Ints
from oracles.domain.drift import Drift, Reference, drifted
from oracles.domain.features import NAMES
from oracles.domain.flow import MISSING
from oracles.model.artefact import Artefact, ModelError, ModelHash, load, reference_of, shipped
from oracles.model.reasons import Reason, remedy, words

__all__ = ["Scorer", "margins"]


def margins(booster: xgb.Booster, binned: npt.NDArray[np.uint8]) -> Ints:
    """The margin of each row of bins, in whole ten-thousandths."""
    if len(binned) == 0:
        return np.zeros(0, np.int64)
    raw = booster.inplace_predict(binned, missing=0, predict_type="margin")
    return np.rint(raw.astype(np.float64) * MARGIN_UNIT).astype(np.int64)


class Scorer:
    """A loaded model."""

    def __init__(self, artefact: Artefact, reference: Reference | None = None) -> None:
        self._artefact = artefact
        self._reference = reference or {}
        self.model_hash: ModelHash = artefact.model_hash

    @classmethod
    def load(cls, path: Path | None = None) -> Scorer:
        """The model of a registry folder, by default the shipped one. Raises ModelError, also for
        a model of features that are not computed here."""
        folder = path or shipped()
        artefact = load(folder)
        if unknown := sorted(set(artefact.bins.features) - set(NAMES)):
            raise ModelError(folder, f"needs the unknown feature {unknown[0]}")
        return cls(artefact, reference_of(folder))

    def score(self, features: pd.DataFrame) -> Ints:
        """The score (0…10,000) of each row of ``features``. Raises KeyError for a missing one."""
        binned = self._artefact.bins.apply(features)
        return self._artefact.calibration.apply(margins(self._artefact.booster, binned))

    def drift(self, features: pd.DataFrame) -> list[Drift]:
        """The features that are distributed otherwise than in training, the furthest first; none
        for fewer units than can tell."""
        return drifted(self._reference, self._artefact.bins, self._artefact.bins.apply(features))

    def explain(self, features: pd.DataFrame, most: int = 3) -> list[list[Reason]]:
        """For each row, the known features that raise its score most, at most ``most`` of them."""
        artefact = self._artefact
        binned = artefact.bins.apply(features)
        if len(binned) == 0:
            return []
        names = list(artefact.bins.features)
        shares = artefact.booster.predict(xgb.DMatrix(binned, missing=0), pred_contribs=True)
        units = np.rint(shares.astype(np.float64) * MARGIN_UNIT).astype(np.int64)[:, :-1]
        total = margins(artefact.booster, binned)
        score = artefact.calibration.apply(total)
        without = artefact.calibration.apply((total[:, None] - units).ravel()).reshape(units.shape)
        values = features[names].to_numpy()
        reasons = []
        for row in range(len(units)):
            order = np.argsort(-units[row], kind="stable")[:most]
            reasons.append(
                [
                    Reason(
                        feature=names[column],
                        words=words(names[column], int(values[row, column])),
                        value=int(values[row, column]),
                        margin=int(units[row, column]),
                        score_effect=int(score[row] - without[row, column]),
                        remedy=remedy(names[column]),
                    )
                    for column in order
                    if units[row, column] > 0 and values[row, column] != MISSING
                ]
            )
        return reasons
