"""A registered model as a member's scorer; changes when the model's interface does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from oracles.attest.score import Scored
from oracles.domain.features import NAMES, features
from oracles.domain.window import Frames
from oracles.model.scoring import Scorer as Model

ASSET = "asset"


class ModelScorer:
    """Scores one asset at a time with a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.model_hash: bytes = model.model_hash

    def lookback_s(self, frame_length_s: int) -> int:
        """See oracles.attest.score.Scorer."""
        return Frames(frame_length_s, 0).lookback_s

    def score(
        self, flows: pd.DataFrame, hosts: Sequence[str], frame: int, frame_length_s: int
    ) -> Scored:
        """See oracles.attest.score.Scorer."""
        table = features(flows, {ASSET: hosts}, frame_length_s, 0, [frame])
        row = {name: int(table[name].iloc[0]) for name in NAMES}
        return Scored(self.rescore(row), row)

    def rescore(self, features: Mapping[str, int]) -> int:
        """See oracles.attest.score.Scorer. Raises KeyError for a missing feature."""
        table = pd.DataFrame([dict(features)], dtype="int64")
        return int(self._model.score(table)[0])


def load_scorer(path: Path | None) -> ModelScorer:
    """The model in a folder, by default the one that ships. Raises ModelError."""
    return ModelScorer(Model.load(path))
