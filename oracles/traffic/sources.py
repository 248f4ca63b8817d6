"""Picks the adapter for a file by its content; changes when an adapter is added.

A further source is one module with two functions, and one line in ``ADAPTERS``: does a file that
starts so belong to it, and the flows of such a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oracles.domain.flow import FlowBatch
from oracles.traffic import eve, netflow, parquet, pcap, vpc, zeek
from oracles.traffic.compressed import CORRUPT, open_bytes
from oracles.traffic.errors import UnsupportedSource

_START: Final = 1 << 14


@dataclass(frozen=True)
class Adapter:
    """One kind of source: its name, how its decompressed files start, and how they are read."""

    kind: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Path], FlowBatch]


ADAPTERS: Final = (
    Adapter("pcap", pcap.is_capture, pcap.read_pcap),
    Adapter("zeek", zeek.is_conn_log, zeek.read_conn_log),
    Adapter("eve", eve.is_eve, eve.read_eve),
    Adapter("vpc", vpc.is_vpc_log, vpc.read_vpc_log),
    Adapter("parquet", parquet.is_parquet, parquet.read_parquet),
    Adapter("netflow", netflow.is_netflow, netflow.read_netflow),
)


def open_source(path: Path) -> FlowBatch:
    """The flows of a file of any supported kind, plain or compressed.

    Raises UnsupportedSource when no adapter recognises the content, the adapter's SourceError when
    the content is not what it starts as, OSError when the file cannot be opened.
    """
    with open_bytes(path) as stream:
        try:
            start = stream.read(_START)
        except CORRUPT as error:
            raise UnsupportedSource(path, f"cannot be decompressed: {error}") from error
    for adapter in ADAPTERS:
        if adapter.recognises(start):
            return adapter.read(path)
    kinds = ", ".join(adapter.kind for adapter in ADAPTERS)
    raise UnsupportedSource(path, f"is none of {kinds}")
