"""Packets to flows; changes when a rule of what belongs to one flow changes.

Rules (the same as Zeek's where it has one):

- A flow is a 5-tuple in either direction. It ends when it is idle for longer than its protocol's
  timeout, and a new one begins with a TCP SYN after a FIN or RST of the same 5-tuple.
- Its originator sent the first packet; a SYN-ACK, and a first TCP packet without SYN that comes
  from a port below 1024 to one above, came from the responder.
- ICMP has no ports: one flow a pair of hosts. Later IP fragments carry no ports either and form a
  flow with ports 0.
- ``conn_state`` follows Zeek's table, from the flags of both directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import build, empty
from oracles.traffic import services
from oracles.traffic.packets import ACK, FIN, ICMP, MAPPED, RST, SYN, TCP, UDP, Bools, Ints, Packets
from oracles.traffic.states import Sides, category, conn_states

_NAMES: Final = {TCP: "tcp", UDP: "udp", ICMP: "icmp"}

# what a direction of a TCP flow showed, as bits
_O_SYN, _O_FIN, _O_RST = 0x01, 0x02, 0x04
_R_SYNACK, _R_FIN, _R_RST = 0x10, 0x20, 0x40


@dataclass(frozen=True)
class MeterSettings:
    """Idle timeouts in µs, by default those of Zeek's inactivity timers."""

    tcp_idle_us: int = 300_000_000
    udp_idle_us: int = 60_000_000
    icmp_idle_us: int = 60_000_000
    restart_on_syn: bool = True


def meter(packets: Packets, settings: MeterSettings, raw_sha256: str) -> pd.DataFrame:
    """The flows of ``packets``, ordered by start and then by 5-tuple."""
    if len(packets) == 0:
        return empty()
    if (np.diff(packets.ts) < 0).any():
        packets = packets.take(np.argsort(packets.ts, kind="stable"))
    codes, addresses = _hosts(packets)
    count = len(packets)
    src = (codes[:count] << 16) | packets.src_p
    dst = (codes[count:] << 16) | packets.dst_p
    order = _stable_order(_tuples(src, dst, packets.proto))
    src, dst, ts = src[order], dst[order], packets.ts[order]
    proto, flags = packets.proto[order], packets.flags[order]
    begins = _begins(src, dst, ts, proto, flags, settings)
    first = np.flatnonzero(begins)
    flow = np.cumsum(begins) - 1

    responds = _first_is_response(src[first], dst[first], proto[first], flags[first])
    orig = np.where(responds, dst[first], src[first])
    resp = np.where(responds, src[first], dst[first])
    forward = src == orig[flow]
    size = packets.size[order].astype(np.int64)
    forward_count = forward.astype(np.int64)
    total_pkts = np.diff(np.append(first, count))
    orig_pkts = np.add.reduceat(forward_count, first)
    total_bytes = np.add.reduceat(size, first)
    orig_bytes = np.add.reduceat(size * forward_count, first)
    proto_of = proto[first]
    head = packets.head[order]
    service = services.detect(
        proto_of == UDP,
        resp & 0xFFFF,
        _first_head(head, forward, first),
        _first_head(head, ~forward, first),
    )
    hosts = [str(address) for address in addresses]
    flows = build(
        {
            "ts": ts[first],
            "duration_us": ts[np.append(first[1:], count) - 1] - ts[first],
            "orig_h": category(orig >> 16, hosts),
            "resp_h": category(resp >> 16, hosts),
            "orig_p": orig & 0xFFFF,
            "resp_p": resp & 0xFFFF,
            "proto": category(proto_of, [_NAMES.get(n, str(n)) for n in range(256)]),
            "service": category(service, services.SERVICES),
            "orig_ip_bytes": orig_bytes,
            "resp_ip_bytes": total_bytes - orig_bytes,
            "orig_pkts": orig_pkts,
            "resp_pkts": total_pkts - orig_pkts,
            "conn_state": _states(proto_of, flags, forward, first, total_pkts - orig_pkts),
            "source_kind": "pcap",
            "byte_basis": "ip",
            "raw_sha256": raw_sha256,
        }
    )
    return flows.sort_values("ts", kind="stable", ignore_index=True)


def _hosts(packets: Packets) -> tuple[Ints, list[str]]:
    """A dense code for each packet's source, then for each destination, and their addresses."""
    low = np.concatenate([packets.src_lo, packets.dst_lo])
    codes, low_values = pd.factorize(low)
    if packets.src_hi.any() or packets.dst_hi.any():
        high_codes, high_values = pd.factorize(np.concatenate([packets.src_hi, packets.dst_hi]))
        codes, pairs = pd.factorize((high_codes.astype(np.int64) << 32) | codes)
        high, low = high_values[pairs >> 32], low_values[pairs & 0xFFFF_FFFF]
    else:
        high, low = np.zeros_like(low_values), low_values
    texts = [_text(int(h), int(lo)) for h, lo in zip(high, low, strict=True)]
    return codes.astype(np.int64), texts


def _text(high: int, low: int) -> str:
    if high == 0 and low >> 32 == MAPPED >> 32:
        return f"{low >> 24 & 255}.{low >> 16 & 255}.{low >> 8 & 255}.{low & 255}"
    return str(IPv6Address((high << 64) | low))


def _tuples(src: Ints, dst: Ints, proto: npt.NDArray[np.uint8]) -> Ints:
    """A dense code for each packet's 5-tuple, the same in both directions."""
    low = (np.minimum(src, dst) << 8) | proto
    low_codes, _ = pd.factorize(low)
    high_codes, _ = pd.factorize(np.maximum(src, dst))
    codes, _ = pd.factorize((low_codes.astype(np.int64) << 32) | high_codes)
    return codes.astype(np.int64)


def _stable_order(codes: Ints) -> npt.NDArray[np.intp]:
    """The stable sorting order of dense codes below 2^32, by two passes of radix sort."""
    order = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    high = (codes >> 16).astype(np.uint16)
    if not high.any():
        return order
    return order[np.argsort(high[order], kind="stable")]


def _begins(
    src: Ints,
    dst: Ints,
    ts: Ints,
    proto: npt.NDArray[np.uint8],
    flags: npt.NDArray[np.uint8],
    settings: MeterSettings,
) -> Bools:
    """Whether each packet, in order of 5-tuple and time, begins a flow."""
    count = len(ts)
    begins = np.ones(count, np.bool_)
    same = (np.minimum(src[1:], dst[1:]) == np.minimum(src[:-1], dst[:-1])) & (
        np.maximum(src[1:], dst[1:]) == np.maximum(src[:-1], dst[:-1])
    )
    same &= proto[1:] == proto[:-1]
    idle = np.full(256, settings.icmp_idle_us, np.int64)
    idle[TCP], idle[UDP] = settings.tcp_idle_us, settings.udp_idle_us
    begins[1:] = ~same | (np.diff(ts) > idle[proto[1:]])
    if settings.restart_on_syn:
        index = np.arange(count)
        tcp = proto == TCP
        syn = tcp & (flags & (SYN | ACK) == SYN)
        closing = tcp & (flags & (FIN | RST) != 0)
        start = np.maximum.accumulate(np.where(begins, index, 0))
        closed = np.maximum.accumulate(np.where(closing, index, -1))
        opened = np.maximum.accumulate(np.where(syn, index, -1))
        before_closed = np.concatenate([[-1], closed[:-1]])
        before_opened = np.concatenate([[-1], opened[:-1]])
        begins |= syn & (before_closed >= start) & (before_closed > before_opened)
    return begins


def _first_is_response(
    src: Ints, dst: Ints, proto: npt.NDArray[np.uint8], flags: npt.NDArray[np.uint8]
) -> Bools:
    syn = flags & SYN != 0
    served = ~syn & (src & 0xFFFF < 1024) & (dst & 0xFFFF >= 1024)
    responds: Bools = (proto == TCP) & ((syn & (flags & ACK != 0)) | served)
    return responds


def _first_head(
    head: npt.NDArray[np.uint64], direction: Bools, first: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint64]:
    """The first payload bytes that each flow shows in one direction; 0 for none."""
    count = len(head)
    at = np.where(direction & (head != 0), np.arange(count), count)
    earliest = np.minimum.reduceat(at, first)
    return np.append(head, np.uint64(0))[earliest]


def _states(
    proto: npt.NDArray[np.uint8],
    flags: npt.NDArray[np.uint8],
    forward: Bools,
    first: npt.NDArray[np.intp],
    resp_pkts: Ints,
) -> pd.Categorical[str]:
    shown = np.zeros(len(flags), np.uint8)
    for flag, ours, theirs in ((FIN, _O_FIN, _R_FIN), (RST, _O_RST, _R_RST)):
        shown |= np.where(flags & flag != 0, np.where(forward, ours, theirs), 0).astype(np.uint8)
    shown |= np.where((flags & (SYN | ACK) == SYN) & forward, _O_SYN, 0).astype(np.uint8)
    shown |= np.where((flags & (SYN | ACK) == SYN | ACK) & ~forward, _R_SYNACK, 0).astype(np.uint8)
    seen = np.bitwise_or.reduceat(shown, first)

    def has(bit: int) -> Bools:
        rows: Bools = seen & bit != 0
        return rows

    return conn_states(
        Sides(
            tcp=proto == TCP,
            udp=proto == UDP,
            asked=has(_O_SYN),
            agreed=has(_R_SYNACK),
            orig_fin=has(_O_FIN),
            resp_fin=has(_R_FIN),
            orig_rst=has(_O_RST),
            resp_rst=has(_R_RST),
            silent=resp_pkts == 0,
        )
    )
