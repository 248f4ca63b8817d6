"""The Parquet adapter, for flow tables in the project's own schema; changes when what may be left
out of such a file does.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from oracles.domain.flow import COLUMNS, TEXTS, FlowBatch
from oracles.traffic.compressed import sha256_of
from oracles.traffic.errors import MalformedLog
from oracles.traffic.records import addresses, refuse_invalid

_NEEDED: Final = ("ts", "orig_h", "resp_h", "proto")


def is_parquet(start: bytes) -> bool:
    """Whether a file that starts so is Parquet."""
    return start[:4] == b"PAR1"


def read_parquet(path: Path) -> FlowBatch:
    """The flows of a Parquet file with the columns of ``flow.COLUMNS``; others are passed over, and
    those that are missing become unknown.

    Refused records are counted with the reasons of ``flow.partition``. Raises MalformedLog when the
    file is damaged or lacks a needed column, OSError on opening.
    """
    with path.open("rb") as raw:
        return _read(path, raw)


def _read(path: Path, raw: BinaryIO) -> FlowBatch:
    try:
        with pq.ParquetFile(raw) as file:
            names = [name for name in file.schema_arrow.names if name in COLUMNS]
            if missing := [name for name in _NEEDED if name not in names]:
                raise MalformedLog(path, f"lacks the column {missing[0]}")
            # a stranger's notes for pandas are not followed
            table = file.read(columns=names).replace_schema_metadata(None).to_pandas()
        columns = {name: table[name] for name in names}
        for name in TEXTS:
            if name in columns:
                columns[name] = columns[name].astype("object").fillna("")
        for name in ("orig_h", "resp_h"):
            columns[name] = addresses(columns[name])
        digest = sha256_of(path)
        flows, quarantine = refuse_invalid(
            {"source_kind": "parquet", "byte_basis": "ip", "raw_sha256": digest} | columns
        )
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise MalformedLog(path, (str(error).splitlines() or ["unreadable"])[0]) from error
    return FlowBatch(flows, quarantine, digest, "parquet")
