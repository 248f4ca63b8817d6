"""Derives a member's scores again, from the sensors' flows to the integer; changes when what a
score is taken from does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.audit.evidence.stores import Stores
from oracles.attest.batches import Batch
from oracles.attest.model import ModelScorer, load_scorer
from oracles.attest.score import BatchEntry, Lane, LaneScorer
from oracles.domain.quorum import NO_SENSOR, Frame, Signer
from oracles.evidence.bundle import Bundle, EvidenceError
from oracles.model.artefact import REGISTRY, ModelError


@dataclass
class Models:
    """Registered models by hash, from a folder that holds each in a folder named by its hash."""

    registry: Path = REGISTRY
    _loaded: dict[str, ModelScorer] = field(default_factory=dict)

    def scorer(self, model_hash: str) -> ModelScorer:
        """The model of a hash, 0x-hex. Raises EvidenceError: not here, or not what it says."""
        if model_hash not in self._loaded:
            try:
                self._loaded[model_hash] = load_scorer(
                    self.registry / model_hash.removeprefix("0x")
                )
            except ModelError as error:
                raise EvidenceError(model_hash, f"model: {error}") from error
        return self._loaded[model_hash]


@dataclass(frozen=True)
class NamedBatches:
    """The batches that a lane names, as a member's scorer wants them."""

    named: dict[bytes, Batch]

    def batch_entries(
        self, risk: int, sensor: Signer, first: Frame, last: Frame
    ) -> Sequence[BatchEntry]:
        """See oracles.attest.score.BatchSource."""
        entries = [
            (batch.header.sequence, BatchEntry(Frame(batch.header.frame), name))
            for name, batch in self.named.items()
            if batch.header.risk == risk and first <= batch.header.frame <= last
        ]
        return [entry for _, entry in sorted(entries, key=lambda pair: pair[0])]

    def batch(self, header_hash: bytes) -> Batch:
        """See oracles.attest.score.BatchSource."""
        return self.named[header_hash]


@dataclass
class Rescorer:
    """Scores from flows; members with the same batches are derived once."""

    stores: Stores
    models: Models
    _known: dict[tuple[Any, ...], Lane] = field(default_factory=dict)

    def scores(self, bundle: Bundle) -> dict[int, int]:
        """Risk → score, from the flows of the batches that the bundle names.

        Raises EvidenceError when something is missing, or when the bundle's own features or scores
        do not follow from its batches.
        """
        try:
            return {lane["risk"]: self._score(bundle, lane) for lane in bundle["lanes"]}
        except (KeyError, TypeError, ValueError) as error:
            raise EvidenceError("score", f"is malformed: {error!r}") from error

    def _score(self, bundle: Bundle, stated: dict[str, Any]) -> int:
        lane = self.lane(bundle, stated)
        where = f"of risk {lane.risk} in frame {bundle['frame']}"
        if dict(lane.features) != stated["features"]:
            wrong = sorted(
                name
                for name in lane.features.keys() | stated["features"].keys()
                if lane.features.get(name) != stated["features"].get(name)
            )
            raise EvidenceError(where, f"features {', '.join(wrong)} do not follow from its flows")
        if lane.score != stated["score"]:
            raise EvidenceError(where, f"states {stated['score']}, its flows give {lane.score}")
        return lane.score

    def lane(self, bundle: Bundle, stated: dict[str, Any]) -> Lane:
        """One risk's lane as the registered model gives it from the named batches."""
        names = tuple(bytes.fromhex(text.removeprefix("0x")) for text in stated["batches"])
        risk, frame = int(stated["risk"]), Frame(bundle["frame"])
        key = (bundle["model_hash"], risk, frame, names)
        if key not in self._known:
            self._known[key] = self._derive(bundle, risk, frame, names)
        return self._known[key]

    def _derive(self, bundle: Bundle, risk: int, frame: Frame, names: tuple[bytes, ...]) -> Lane:
        if not names:
            return Lane(risk, NO_SENSOR, {}, ())
        batches = {name: self.stores.batch(name) for name in names}
        sensors = {batch.sensor for batch in batches.values()}
        foreign = [
            batch
            for batch in batches.values()
            if (batch.header.chain_id, batch.header.feed.lower(), batch.header.risk)
            != (bundle["chain_id"], str(bundle["feed"]).lower(), risk)
        ]
        if len(sensors) != 1 or foreign:
            raise EvidenceError(f"of risk {risk}", "its batches are of several sensors or risks")
        scorer = LaneScorer(
            self.models.scorer(str(bundle["model_hash"])),
            NamedBatches(batches),
            bundle["frame_length"],
        )
        return scorer.lane(risk, sensors.pop(), frame)
