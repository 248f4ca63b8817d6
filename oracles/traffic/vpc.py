"""The AWS VPC flow log adapter; changes when the log's fields do.

The first line names the fields; without one, the fields are those of version 2.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from oracles.domain.flow import FlowBatch, Quarantine
from oracles.traffic.compressed import sha256_of
from oracles.traffic.errors import MalformedLog
from oracles.traffic.oneway import OneWay, pair
from oracles.traffic.records import addresses, integers, read_lines

_VERSION_2: Final = (
    "version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol",
    "packets", "bytes", "start", "end", "action", "log-status",
)  # fmt: skip
_TEXTS: Final = ("srcaddr", "dstaddr", "action", "log-status")
_NUMBERS: Final = (
    "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "tcp-flags",
)  # fmt: skip
_NEEDED: Final = ("srcaddr", "dstaddr", "protocol", "packets", "bytes", "start", "end")


def is_vpc_log(start: bytes) -> bool:
    """Whether a decompressed file that starts so is a VPC flow log."""
    words = start.split(b"\n", 1)[0].split()
    if b"srcaddr" in words and b"dstaddr" in words:
        return True
    return len(words) == len(_VERSION_2) and words[0] == b"2" and words[2][:4] == b"eni-"


def read_vpc_log(path: Path) -> FlowBatch:
    """The flows of a VPC flow log, its one-directional records paired.

    Refused records are counted: wrong_field_count, no_data and skip_data (the log's own notes),
    truncated_file, bad_protocol, and the reasons of ``flow.partition``. Raises MalformedLog when
    the header lacks a field, OSError on opening.
    """
    fields: list[str] = []

    def decode(lines: list[bytes]) -> tuple[pd.DataFrame, Quarantine]:
        if not fields:
            fields.extend(_fields(path, lines[0]))
        return _table(lines, fields)

    digest = sha256_of(path)
    tables, quarantine = read_lines(path, decode)
    if not tables:
        raise MalformedLog(path, "is empty")
    flows, refused = pair(_records(pd.concat(tables, ignore_index=True)), "vpc", digest)
    return FlowBatch(flows, quarantine.merge(refused), digest, "vpc")


def _fields(path: Path, line: bytes) -> list[str]:
    words = line.decode("utf-8", "replace").split()
    fields = words if "srcaddr" in words else list(_VERSION_2)
    if missing := [name for name in _NEEDED if name not in fields]:
        raise MalformedLog(path, f"lacks the field {missing[0]}")
    return fields


def _table(lines: Sequence[bytes], fields: Sequence[str]) -> tuple[pd.DataFrame, Quarantine]:
    records = [line.rstrip() for line in lines if line.strip() and b"srcaddr" not in line]
    whole = [line for line in records if line.count(b" ") == len(fields) - 1 and b"\0" not in line]
    refused = Quarantine().plus("wrong_field_count", len(records) - len(whole))
    table = pd.read_csv(
        io.BytesIO(b"\n".join(whole)),
        sep=" ",
        header=None,
        names=list(fields),
        usecols=[name for name in (*_TEXTS, *_NUMBERS) if name in fields],
        dtype=dict.fromkeys(_TEXTS, "str"),
        na_values=["-"],
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        lineterminator="\n",
        encoding_errors="replace",
        low_memory=False,
    )
    for column in (*_TEXTS, *_NUMBERS):
        if column not in table:
            table[column] = np.nan
    for status, reason in (("NODATA", "no_data"), ("SKIPDATA", "skip_data")):
        empty = table["log-status"] == status
        refused = refused.plus(reason, int(empty.sum()))
        table = table[~empty]
    return table, refused


def _records(table: pd.DataFrame) -> OneWay:
    source, target = addresses(table["srcaddr"]), addresses(table["dstaddr"])
    hosts = tuple(dict.fromkeys([*source.cat.categories, *target.cat.categories]))
    code = {host: number for number, host in enumerate(hosts)}
    number = {name: integers(table[name]) for name in _NUMBERS}
    return OneWay(
        hosts=hosts,
        start=integers(table["start"], 1_000_000),
        end=integers(table["end"], 1_000_000),
        src=source.map(code).to_numpy(np.int64),
        dst=target.map(code).to_numpy(np.int64),
        src_p=number["srcport"],
        dst_p=number["dstport"],
        proto=number["protocol"],
        packets=number["packets"],
        octets=number["bytes"],
        flags=np.maximum(number["tcp-flags"], 0),
        sampling=np.ones(len(table), np.int64),
        refused=(table["action"] == "REJECT").to_numpy(),
    )
