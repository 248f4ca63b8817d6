"""The scores that a member signs for a frame, from its sensors' batches; changes when what a score
is taken from does.

Members with the same batches give the same integers. A risk without a batch for the frame gets
NO_SENSOR.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from oracles.attest.batches import Batch, MalformedBatch
from oracles.domain.flow import FlowSchemaError, build, concat, partition, validate
from oracles.domain.quorum import NO_SENSOR, Frame, Signer

Flows = pd.DataFrame | None
"""A batch's flows; None when it cannot be read."""

MOST_FLOWS: Final = 2_000_000
"""Of one batch."""


@dataclass(frozen=True)
class Scored:
    """A score and the integer features that gave it, by name."""

    score: int
    features: Mapping[str, int]


class Scorer(Protocol):
    """A registered model."""

    @property
    def model_hash(self) -> bytes: ...

    def lookback_s(self, frame_length_s: int) -> int:
        """Seconds up to a frame's end whose flows the model looks at."""
        ...

    def score(
        self, flows: pd.DataFrame, hosts: Sequence[str], frame: int, frame_length_s: int
    ) -> Scored:
        """The score in a frame of the asset with these hosts."""
        ...

    def rescore(self, features: Mapping[str, int]) -> int:
        """The score that the features give."""
        ...


def pack_flows(flows: pd.DataFrame) -> bytes:
    """A flow table as Parquet bytes."""
    buffer = io.BytesIO()
    flows.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def unpack_flows(payload: bytes) -> pd.DataFrame:
    """The flow table of a batch; rows that break the schema's bounds are left out.

    Raises MalformedBatch.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(payload))
        if file.metadata.num_rows > MOST_FLOWS:
            raise MalformedBatch(f"{file.metadata.num_rows} flows")
        table = file.read().to_pandas()
        flows = build({name: table[name] for name in table.columns})
        validate(flows)
    except (pa.ArrowException, FlowSchemaError, ValueError, KeyError, TypeError, OSError) as error:
        raise MalformedBatch(f"payload: {error}") from error
    return partition(flows)[0]


@dataclass(frozen=True)
class BatchEntry:
    """A batch that came, by its header's hash."""

    frame: Frame
    hash: bytes


class BatchSource(Protocol):
    """Where a member keeps its sensors' batches."""

    def batch_entries(
        self, risk: int, sensor: Signer, first: Frame, last: Frame
    ) -> Sequence[BatchEntry]:
        """A risk's batches of frames first..last, in order of sequence."""
        ...

    def batch(self, header_hash: bytes) -> Batch:
        """One of them."""
        ...


@dataclass(frozen=True)
class Lane:
    """One risk's score in a frame and where it comes from."""

    risk: int
    score: int
    features: Mapping[str, int]
    batches: tuple[str, ...]

    def evidence(self) -> dict[str, Any]:
        """The lane as it stands in a bundle."""
        return {
            "risk": self.risk,
            "score": self.score,
            "features": dict(self.features),
            "batches": list(self.batches),
        }


class LaneScorer:
    """Scores risks from batches; a batch is unpacked once."""

    def __init__(self, scorer: Scorer, source: BatchSource, frame_length_s: int) -> None:
        self.scorer = scorer
        self._source = source
        self._length = frame_length_s
        self._unpacked: dict[int, dict[bytes, Flows]] = {}

    def back(self) -> int:
        """How many frames before the scored one the model looks at."""
        return -(-self.scorer.lookback_s(self._length) // self._length) - 1

    def lane(self, risk: int, sensor: Signer, frame: Frame) -> Lane:
        """A risk's lane; NO_SENSOR when no batch is of the frame or that one cannot be read."""
        first = Frame(max(frame - self.back(), 0))
        entries = self._source.batch_entries(risk, sensor, first, frame)
        hashes = tuple("0x" + entry.hash.hex() for entry in entries)
        flows = self._flows(risk, entries)
        current = [entry for entry in entries if entry.frame == frame]
        if not current or flows[current[-1].hash] is None:
            return Lane(risk, NO_SENSOR, {}, hashes)
        hosts = self._source.batch(current[-1].hash).header.hosts
        readable = concat(table for table in flows.values() if table is not None)
        scored = self.scorer.score(readable, hosts, frame, self._length)
        return Lane(risk, scored.score, scored.features, hashes)

    def _flows(self, risk: int, entries: Sequence[BatchEntry]) -> dict[bytes, Flows]:
        known = self._unpacked.get(risk, {})
        self._unpacked[risk] = {
            e.hash: known[e.hash] if e.hash in known else self._unpack(e) for e in entries
        }
        return self._unpacked[risk]

    def _unpack(self, entry: BatchEntry) -> Flows:
        try:
            return unpack_flows(self._source.batch(entry.hash).payload)
        except MalformedBatch:
            return None
