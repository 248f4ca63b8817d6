"""The Zeek ``conn.log`` adapter, as TSV and as JSON lines; changes when Zeek's format does."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pandas as pd

from oracles.domain.flow import MISSING, FlowBatch, Quarantine, concat, empty
from oracles.traffic.compressed import sha256_of
from oracles.traffic.errors import MalformedLog
from oracles.traffic.records import addresses, integers, ports, read_lines, refuse_invalid

_TEXTS: Final = ("id.orig_h", "id.resp_h", "proto", "service", "conn_state")
_NUMBERS: Final = (
    "ts", "duration", "id.orig_p", "id.resp_p", "orig_bytes", "resp_bytes", "orig_ip_bytes",
    "resp_ip_bytes", "orig_pkts", "resp_pkts",
)  # fmt: skip
_NEEDED: Final = ("ts", "id.orig_h", "id.resp_h", "proto")


class _Record(msgspec.Struct, rename=lambda name: name.replace("id_", "id.")):
    """The fields of a JSON record that we read."""

    ts: float | str
    id_orig_h: str
    id_resp_h: str
    proto: str
    id_orig_p: int | None = None
    id_resp_p: int | None = None
    service: str | None = None
    duration: float | None = None
    orig_bytes: int | None = None
    resp_bytes: int | None = None
    orig_ip_bytes: int | None = None
    resp_ip_bytes: int | None = None
    orig_pkts: int | None = None
    resp_pkts: int | None = None
    conn_state: str | None = None


def is_conn_log(start: bytes) -> bool:
    """Whether a decompressed file that starts so is a conn.log."""
    if start[:1] == b"#":
        return b"#fields" in start and b"id.orig_h" in start
    return start.lstrip()[:1] == b"{" and b'"id.orig_h"' in start


class ConnLogDecoder:
    """Decodes blocks of lines of one log, remembering its #fields line."""

    kind: Final = "zeek"

    def __init__(self, name: Path | str, raw_sha256: str) -> None:
        self._name = name
        self._digest = raw_sha256
        self._fields: list[str] = []

    def flows(self, lines: Sequence[bytes]) -> tuple[pd.DataFrame, Quarantine]:
        """The flows of whole lines, and what was refused. Raises MalformedLog when the lines are
        neither of the known format nor JSON records, or lack a needed field."""
        self._fields = _fields(lines) or self._fields
        if missing := [name for name in _NEEDED if self._fields and name not in self._fields]:
            raise MalformedLog(self._name, f"lacks the field {missing[0]}")
        if self._fields:
            table, refused = _tsv(lines, self._fields)
        elif any(line[:1] == b"{" for line in lines):
            table, refused = _json(lines)
        else:
            raise MalformedLog(self._name, "has neither a #fields line nor JSON records")
        if len(table) == 0:
            return empty(), refused
        flows, invalid = _flows(table, self._digest)
        return flows, refused.merge(invalid)

    @property
    def has_header(self) -> bool:
        """Whether a #fields line has been seen."""
        return bool(self._fields)


def read_conn_log(path: Path) -> FlowBatch:
    """The flows of a ``conn.log`` (TSV with its #fields line, or JSON lines; plain or compressed).

    Refused records are counted: wrong_field_count, bad_json, truncated_file, and the reasons of
    ``flow.partition``. Raises MalformedLog without a usable header or record, OSError on opening.
    """
    digest = sha256_of(path)
    decoder = ConnLogDecoder(path, digest)
    tables, quarantine = read_lines(path, decoder.flows)
    flows = concat(tables)
    if len(flows) == 0 and not decoder.has_header:
        raise MalformedLog(path, "has no readable record")
    return FlowBatch(flows, quarantine, digest, "zeek")


def _fields(lines: Sequence[bytes]) -> list[str]:
    for line in lines:
        if line[:8] == b"#fields\t":
            return line.decode("utf-8", "replace").rstrip("\r").split("\t")[1:]
    return []


def _tsv(lines: Sequence[bytes], fields: Sequence[str]) -> tuple[pd.DataFrame, Quarantine]:
    tabs = len(fields) - 1
    records = [line.rstrip(b"\r") for line in lines if line and line[:1] != b"#"]
    whole = [line for line in records if line.count(b"\t") == tabs and b"\0" not in line]
    quarantine = Quarantine().plus("wrong_field_count", len(records) - len(whole))
    if not whole:
        return pd.DataFrame(), quarantine
    wanted = [name for name in (*_NUMBERS, *_TEXTS) if name in fields]
    table = pd.read_csv(
        io.BytesIO(b"\n".join(whole)),
        sep="\t",
        header=None,
        names=list(fields),
        usecols=wanted,
        dtype=dict.fromkeys(_TEXTS, "str"),
        na_values={name: ["-", "(empty)"] for name in wanted},
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        lineterminator="\n",
        encoding_errors="replace",
        low_memory=False,
    )
    return table, quarantine


def _json(lines: Sequence[bytes]) -> tuple[pd.DataFrame, Quarantine]:
    decoder = msgspec.json.Decoder(_Record)
    records: list[_Record] = []
    refused = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            records.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
            refused += 1
    table = pd.DataFrame(
        {
            name: [getattr(record, name.replace("id.", "id_")) for record in records]
            for name in (*_NUMBERS, *_TEXTS)
        }
    )
    return table, Quarantine().plus("bad_json", refused)


def _flows(table: pd.DataFrame, digest: str) -> tuple[pd.DataFrame, Quarantine]:
    def column(name: str) -> pd.Series:
        return table[name] if name in table else pd.Series(None, table.index, dtype="float64")

    sizes: Mapping[str, np.ndarray] = {
        side: integers(column(f"{side}_ip_bytes")) for side in ("orig", "resp")
    }
    payloads = {side: integers(column(f"{side}_bytes")) for side in ("orig", "resp")}
    lacking = (sizes["orig"] == MISSING) & (sizes["resp"] == MISSING)
    return refuse_invalid(
        {
            "ts": integers(_seconds(column("ts")), 1_000_000),
            "duration_us": integers(column("duration"), 1_000_000),
            "orig_h": addresses(column("id.orig_h")),
            "resp_h": addresses(column("id.resp_h")),
            "orig_p": ports(column("id.orig_p")),
            "resp_p": ports(column("id.resp_p")),
            "proto": column("proto").fillna(""),
            "service": column("service").fillna("").map(_first_service),
            "orig_ip_bytes": np.where(lacking, payloads["orig"], sizes["orig"]),
            "resp_ip_bytes": np.where(lacking, payloads["resp"], sizes["resp"]),
            "orig_pkts": integers(column("orig_pkts")),
            "resp_pkts": integers(column("resp_pkts")),
            "conn_state": column("conn_state").fillna(""),
            "source_kind": "zeek",
            "byte_basis": np.where(lacking, "payload", "ip"),
            "raw_sha256": digest,
        }
    )


def _seconds(ts: pd.Series) -> pd.Series:
    """Seconds since 1970 from numbers or ISO 8601 texts."""
    numbers = pd.to_numeric(ts, errors="coerce")
    texts = numbers.isna() & ts.notna()
    if texts.any():
        times = pd.to_datetime(ts[texts].astype("str"), format="ISO8601", utc=True, errors="coerce")
        numbers = numbers.astype("float64")
        epoch = pd.Timestamp(0, tz="UTC")
        numbers[texts] = (times - epoch).dt.total_seconds()
    return numbers


def _first_service(text: str) -> str:
    """Of several detected protocols, such as ``gssapi,smb``, the first."""
    return text.split(",", 1)[0].lower()
