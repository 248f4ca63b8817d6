"""The one flow schema; changes when a column, its unit or its validity rule changes.

A flow table is a ``pandas.DataFrame`` with exactly the columns of ``COLUMNS``, named after Zeek's
``conn.log``. Sources (``oracles.traffic``) produce it, everything after reads nothing else.

Units: times in integer microseconds since 1970 (UTC), sizes in IP bytes (IP header included, link
layer excluded), counts of packets as seen on the wire. A count a source does not have is
``MISSING`` (-1), a text it does not have is ``""``: nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

MISSING: Final = -1

INTEGERS: Final[Mapping[str, str]] = {
    "ts": "int64",  # first packet, µs
    "duration_us": "int64",  # last packet - first packet, µs; MISSING when unknown
    "orig_p": "int32",  # 0 where the protocol has no ports
    "resp_p": "int32",
    "orig_ip_bytes": "int64",
    "resp_ip_bytes": "int64",
    "orig_pkts": "int64",
    "resp_pkts": "int64",
    "sampling_rate": "int32",  # 1 = every packet was counted
}
TEXTS: Final = (
    "orig_h",  # canonical text of the address
    "resp_h",
    "proto",  # tcp, udp, icmp, or the protocol number as text
    "service",  # detected from payload or named by the source, never from a port number
    "conn_state",  # Zeek's codes
    "source_kind",  # pcap, zeek, eve, netflow, vpc, parquet
    "byte_basis",  # what the source counted before normalisation: ip, l2, payload
    "raw_sha256",  # of the file or stream the record came from
)
COLUMNS: Final = (
    "ts",
    "duration_us",
    "orig_h",
    "orig_p",
    "resp_h",
    "resp_p",
    "proto",
    "service",
    "orig_ip_bytes",
    "resp_ip_bytes",
    "orig_pkts",
    "resp_pkts",
    "conn_state",
    "source_kind",
    "byte_basis",
    "sampling_rate",
    "raw_sha256",
)
CONN_STATES: Final = (
    "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH",
)  # fmt: skip

EARLIEST_US: Final = 0
LATEST_US: Final = 4_102_444_800_000_000  # 2100-01-01
LONGEST_US: Final = 366 * 86_400 * 1_000_000
MOST_BYTES: Final = 1 << 50
MOST_SAMPLING: Final = 1 << 24


class FlowSchemaError(ValueError):
    """A table that is not a flow table."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(f"column {column}: {problem}")
        self.column = column
        self.problem = problem


@dataclass(frozen=True)
class Quarantine:
    """Records that were refused, counted by reason."""

    counts: Mapping[str, int] = field(default_factory=dict)

    def plus(self, reason: str, count: int = 1) -> Quarantine:
        """This quarantine with ``count`` more records refused for ``reason``."""
        return self if count == 0 else self.merge(Quarantine({reason: count}))

    def merge(self, other: Quarantine) -> Quarantine:
        """Both quarantines together."""
        return Quarantine(dict(sorted((Counter(self.counts) + Counter(other.counts)).items())))

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class FlowBatch:
    """What one source gave: its flows, what it refused, and the hash of what was read."""

    flows: pd.DataFrame
    quarantine: Quarantine
    raw_sha256: str
    source_kind: str


def empty() -> pd.DataFrame:
    """A flow table without rows."""
    return build({name: [] for name in COLUMNS})


def build(columns: Mapping[str, object]) -> pd.DataFrame:
    """A flow table from columns of equal length or scalars; missing ones take their default.

    Raises FlowSchemaError for a column that the schema does not know or that cannot be cast.
    """
    unknown = set(columns) - set(COLUMNS)
    if unknown:
        raise FlowSchemaError(min(unknown), "is not part of the schema")
    defaults: dict[str, object] = {
        **dict.fromkeys(INTEGERS, MISSING),
        **dict.fromkeys(TEXTS, ""),
        "sampling_rate": 1,
    }
    frame = pd.DataFrame({name: columns.get(name, defaults[name]) for name in COLUMNS})
    for name, dtype in INTEGERS.items():
        try:
            frame[name] = frame[name].to_numpy().astype(dtype)
        except (ValueError, TypeError, OverflowError) as error:
            raise FlowSchemaError(name, str(error)) from error
    for name in TEXTS:
        if not isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].astype("str").astype("category")
    return frame


def validate(flows: pd.DataFrame) -> None:
    """Raises FlowSchemaError unless ``flows`` has the columns and types of the schema."""
    for name in COLUMNS:
        if name not in flows.columns:
            raise FlowSchemaError(name, "is missing")
    for name, dtype in INTEGERS.items():
        if str(flows[name].dtype) != dtype:
            raise FlowSchemaError(name, f"is {flows[name].dtype}, not {dtype}")
    for name in TEXTS:
        if not isinstance(flows[name].dtype, pd.CategoricalDtype):
            raise FlowSchemaError(name, f"is {flows[name].dtype}, not category")


def partition(flows: pd.DataFrame) -> tuple[pd.DataFrame, Quarantine]:
    """Valid rows, and the counts of the refused ones by reason (the first that applies)."""
    reasons: dict[str, npt.NDArray[np.bool_]] = {
        "no_address": _texts_are(flows, "orig_h", "") | _texts_are(flows, "resp_h", ""),
        "bad_timestamp": _outside(flows, "ts", EARLIEST_US, LATEST_US),
        "bad_duration": _outside(flows, "duration_us", MISSING, LONGEST_US),
        "bad_port": _outside(flows, "orig_p", MISSING, 65_535)
        | _outside(flows, "resp_p", MISSING, 65_535),
        "bad_count": np.logical_or.reduce(
            [
                _outside(flows, name, MISSING, MOST_BYTES)
                for name in ("orig_ip_bytes", "resp_ip_bytes", "orig_pkts", "resp_pkts")
            ]
        ),
        "bad_sampling_rate": _outside(flows, "sampling_rate", 1, MOST_SAMPLING),
        "bad_conn_state": _texts_not_in(flows, "conn_state", {"", *CONN_STATES}),
    }
    refused = np.zeros(len(flows), dtype=np.bool_)
    quarantine = Quarantine()
    for reason, rows in reasons.items():
        quarantine = quarantine.plus(reason, int((rows & ~refused).sum()))
        refused |= rows
    return (flows[~refused].reset_index(drop=True) if refused.any() else flows), quarantine


def concat(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Flow tables one below the other, their text columns still categories."""
    parts = [table for table in tables if len(table)]
    if not parts:
        return empty()
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    columns: dict[str, object] = {
        name: np.concatenate([part[name].to_numpy() for part in parts]) for name in INTEGERS
    }
    for name in TEXTS:
        columns[name] = union_categoricals([part[name].array for part in parts])
    return build(columns)


def ends_us(flows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Time of each flow's last packet in µs; its first one where the duration is missing."""
    duration = flows["duration_us"].to_numpy()
    ends: npt.NDArray[np.int64] = flows["ts"].to_numpy() + np.maximum(duration, 0)
    return ends


def _outside(flows: pd.DataFrame, name: str, low: int, high: int) -> npt.NDArray[np.bool_]:
    values = flows[name].to_numpy()
    outside: npt.NDArray[np.bool_] = (values < low) | (values > high)
    return outside


def _texts_are(flows: pd.DataFrame, name: str, text: str) -> npt.NDArray[np.bool_]:
    return ~_texts_not_in(flows, name, {text})


def _texts_not_in(flows: pd.DataFrame, name: str, texts: set[str]) -> npt.NDArray[np.bool_]:
    column = flows[name].cat
    foreign = np.array([text not in texts for text in column.categories], dtype=np.bool_)
    if len(foreign) == 0:
        return np.zeros(len(flows), dtype=np.bool_)
    rows: npt.NDArray[np.bool_] = foreign[column.codes.to_numpy()]
    return rows
