"""The Suricata EVE adapter (``flow`` events of ``eve.json``); changes when EVE does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pandas as pd

from oracles.domain.flow import FlowBatch, Quarantine, concat
from oracles.traffic.compressed import sha256_of
from oracles.traffic.errors import MalformedLog
from oracles.traffic.packets import ACK, FIN, RST, SYN
from oracles.traffic.records import addresses, integers, ports, read_lines, refuse_invalid
from oracles.traffic.states import Sides, conn_states

LINK_BYTES: Final = 14  # EVE counts the Ethernet header of every packet
_SERVICES: Final = {"tls": "ssl", "pgsql": "postgresql", "dcerpc": "dce_rpc", "failed": ""}


class _Flow(msgspec.Struct):
    start: str
    end: str | None = None
    pkts_toserver: int | None = None
    pkts_toclient: int | None = None
    bytes_toserver: int | None = None
    bytes_toclient: int | None = None


class _Tcp(msgspec.Struct):
    tcp_flags_ts: str = ""
    tcp_flags_tc: str = ""


class _Event(msgspec.Struct):
    event_type: str
    src_ip: str = ""
    dest_ip: str = ""
    src_port: int | None = None
    dest_port: int | None = None
    proto: str = ""
    app_proto: str = ""
    flow: _Flow | None = None
    tcp: _Tcp = msgspec.field(default_factory=_Tcp)


def is_eve(start: bytes) -> bool:
    """Whether a decompressed file that starts so is an EVE log."""
    return start.lstrip()[:1] == b"{" and b'"event_type"' in start


class EveDecoder:
    """Decodes blocks of lines of one log, counting its events."""

    kind: Final = "eve"

    def __init__(self, name: Path | str, raw_sha256: str) -> None:
        self._name = name
        self._digest = raw_sha256
        self.events = 0

    def flows(self, lines: Sequence[bytes]) -> tuple[pd.DataFrame, Quarantine]:
        """The flows of whole lines, and what was refused; events of other types are passed over."""
        found, read, refused = _decode(lines)
        self.events += read
        flows, invalid = _flows(found, self._digest)
        return flows, refused.merge(invalid)


def read_eve(path: Path) -> FlowBatch:
    """The flows of an ``eve.json``.

    Refused records are counted: bad_json, truncated_file, and the reasons of ``flow.partition``.
    Raises MalformedLog when there is no readable event, OSError on opening.
    """
    digest = sha256_of(path)
    decoder = EveDecoder(path, digest)
    tables, quarantine = read_lines(path, decoder.flows)
    if decoder.events == 0:
        raise MalformedLog(path, "has no readable event")
    return FlowBatch(concat(tables), quarantine, digest, "eve")


def _decode(lines: Sequence[bytes]) -> tuple[list[tuple[_Event, _Flow]], int, Quarantine]:
    """The flow events, how many events there were, and what was no event."""
    decoder = msgspec.json.Decoder(_Event)
    found: list[tuple[_Event, _Flow]] = []
    read = refused = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            event = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
            refused += 1
            continue
        read += 1
        if event.event_type == "flow" and event.flow:
            found.append((event, event.flow))
    return found, read, Quarantine().plus("bad_json", refused)


def _flows(events: Sequence[tuple[_Event, _Flow]], digest: str) -> tuple[pd.DataFrame, Quarantine]:
    def of_flow(name: str) -> pd.Series:
        return pd.Series([getattr(flow, name) for _, flow in events], dtype="float64")

    def texts(name: str) -> pd.Series:
        return pd.Series([getattr(event, name) for event, _ in events], dtype="str")

    packets = {side: integers(of_flow(f"pkts_to{side}")) for side in ("server", "client")}
    octets = {side: integers(of_flow(f"bytes_to{side}")) for side in ("server", "client")}
    start, end = (_micros([getattr(flow, at) for _, flow in events]) for at in ("start", "end"))
    proto = texts("proto").str.lower().replace({"ipv6-icmp": "icmp"})
    state = conn_states(_sides(events, proto, packets["client"] == 0))
    return refuse_invalid(
        {
            "ts": integers(start),
            "duration_us": integers(end - start),
            "orig_h": addresses(texts("src_ip")),
            "resp_h": addresses(texts("dest_ip")),
            "orig_p": ports(pd.Series([e.src_port or 0 for e, _ in events], dtype="float64")),
            "resp_p": ports(pd.Series([e.dest_port or 0 for e, _ in events], dtype="float64")),
            "proto": proto,
            "service": texts("app_proto").map(lambda name: _SERVICES.get(name, name)),
            "orig_ip_bytes": _ip_bytes(octets["server"], packets["server"]),
            "resp_ip_bytes": _ip_bytes(octets["client"], packets["client"]),
            "orig_pkts": packets["server"],
            "resp_pkts": packets["client"],
            "conn_state": state,
            "source_kind": "eve",
            "byte_basis": "l2",
            "raw_sha256": digest,
        }
    )


def _ip_bytes(octets: np.ndarray, packets: np.ndarray) -> np.ndarray:
    """Layer-2 bytes without their link headers; unknown stays unknown."""
    return np.where(octets < 0, octets, np.maximum(octets - LINK_BYTES * packets, 0))


def _micros(times: Sequence[str | None]) -> pd.Series:
    """Microseconds since 1970 of ISO 8601 times with their offsets."""
    texts = pd.Series([time or "" for time in times], dtype="str")
    stamps = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return (stamps - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(microseconds=1)


def _sides(events: Sequence[tuple[_Event, _Flow]], proto: pd.Series, silent: np.ndarray) -> Sides:
    ours = np.array([_flags(event.tcp.tcp_flags_ts) for event, _ in events], np.int64)
    theirs = np.array([_flags(event.tcp.tcp_flags_tc) for event, _ in events], np.int64)
    return Sides(
        tcp=(proto == "tcp").to_numpy(np.bool_),
        udp=(proto == "udp").to_numpy(np.bool_),
        asked=ours & SYN != 0,
        agreed=theirs & (SYN | ACK) == SYN | ACK,
        orig_fin=ours & FIN != 0,
        resp_fin=theirs & FIN != 0,
        orig_rst=ours & RST != 0,
        resp_rst=theirs & RST != 0,
        silent=silent,
    )


def _flags(text: str) -> int:
    try:
        return int(text, 16) if text else 0
    except ValueError:
        return 0
