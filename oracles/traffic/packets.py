"""Packet headers as columns, read for a whole block at once; changes when a link type or a
network protocol is added.

Nothing here loops over packets: a block of a capture is one byte array, and each header field of
all its packets is one gather from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from oracles.domain.flow import Quarantine

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PADDING: Final = 64  # zero bytes behind a block, so that no gather leaves it

TCP: Final = 6
UDP: Final = 17
ICMP: Final = 1
ICMP6: Final = 58
SCTP: Final = 132

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10

MAPPED: Final = 0xFFFF_0000_0000  # ::ffff:0:0, the IPv4-mapped prefix, in the low 64 bits

_EXTENSIONS: Final = (0, 43, 60, 135)  # hop-by-hop, routing, destination options, mobility
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
_MOST_EXTENSIONS: Final = 8
_VLAN: Final = (0x8100, 0x88A8, 0x9100)

# link types of the capture formats: (bytes before the ethertype, bytes of the header)
ETHERTYPED: Final = {1: (12, 14), 113: (14, 16), 276: (0, 20)}
# address families before a bare IP packet, or nothing at all
BARE: Final = {0: 4, 12: 0, 14: 0, 101: 0, 108: 4, 228: 0, 229: 0}


@dataclass(frozen=True)
class Packets:
    """IP packets as columns of equal length, in capture order.

    Addresses are 128 bits in two halves, IPv4 as IPv4-mapped IPv6. ``size`` is the IP length in
    bytes, ``payload`` the bytes behind the transport header, ``head`` its first eight bytes
    (little end first, zero-filled), ``flags`` the TCP flags.
    """

    ts: Ints
    src_hi: npt.NDArray[np.uint64]
    src_lo: npt.NDArray[np.uint64]
    dst_hi: npt.NDArray[np.uint64]
    dst_lo: npt.NDArray[np.uint64]
    src_p: npt.NDArray[np.uint16]
    dst_p: npt.NDArray[np.uint16]
    proto: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    size: npt.NDArray[np.int32]
    payload: npt.NDArray[np.int32]
    head: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, rows: npt.NDArray[np.intp] | Bools) -> Packets:
        """The chosen packets."""
        return Packets(*(getattr(self, f.name)[rows] for f in fields(self)))


def join(parts: Sequence[Packets]) -> Packets:
    """Packets one after the other; of no parts, none."""
    if not parts:
        return decode(np.zeros(PADDING, np.uint8), *(np.zeros(0, np.int64),) * 4, 101)[0]
    return Packets(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Packets)))


def decode(
    block: Bytes, offset: Ints, captured: Ints, wire: Ints, ts: Ints, link: int
) -> tuple[Packets, Quarantine]:
    """IP packets of the records that start at ``offset`` in ``block``, and what was refused.

    ``block`` ends with PADDING zero bytes; ``captured`` and ``wire`` are the records' lengths in
    the file and on the wire; ``link`` is the capture format's link type.
    Refused: unsupported_link, not_ip, truncated_packet, bad_ip_header.
    """
    quarantine = Quarantine()
    if link not in ETHERTYPED and link not in BARE:
        quarantine = quarantine.plus("unsupported_link", len(offset))
        offset = offset[:0]
    rows = np.arange(len(offset))
    end = offset + captured[: len(offset)]
    layer3, version = _network_layer(block, offset, end, link)

    def refuse(bad: Bools, reason: str) -> None:
        nonlocal rows, layer3, version, end, quarantine
        if bad.any():
            quarantine = quarantine.plus(reason, int(bad.sum()))
            rows, layer3, version, end = rows[~bad], layer3[~bad], version[~bad], end[~bad]

    refuse(layer3 > end, "truncated_packet")
    refuse(version == 0, "not_ip")
    refuse(layer3 + np.where(version == 4, 20, 40) > end, "truncated_packet")
    refuse((block[layer3] >> 4) != version, "bad_ip_header")

    is4 = version == 4
    count = len(rows)
    size = np.zeros(count, np.int64)
    proto = np.zeros(count, np.int64)
    layer4 = np.zeros(count, np.int64)
    first = np.ones(count, np.bool_)  # holds a transport header: not a later fragment
    halves = [np.zeros(count, np.uint64) for _ in range(4)]
    everything = bool(is4.all())
    for four in (True, False):
        chosen = slice(None) if everything and four else np.flatnonzero(is4 == four)
        at, stop = layer3[chosen], end[chosen]
        if len(at) == 0:
            continue
        read = _ipv4 if four else _ipv6
        size[chosen], proto[chosen], layer4[chosen], first[chosen], *addresses = read(
            block, at, stop
        )
        for half, values in zip(halves, addresses, strict=True):
            half[chosen] = values
    offloaded = size == 0  # segmentation offload leaves the length field empty
    size = np.where(offloaded, wire[rows] - (layer3 - offset[rows]), size)
    keep = layer4 >= 0
    quarantine = quarantine.plus("bad_ip_header", int((~keep).sum()))

    src_p = np.zeros(count, np.uint16)
    dst_p = np.zeros(count, np.uint16)
    flags = np.zeros(count, np.uint8)
    start = layer4.copy()  # of the payload
    ported = np.isin(proto, (TCP, UDP, SCTP)) & first & keep & (layer4 + 4 <= end)
    ports = _view(block, ">u4")[layer4[ported]].astype(np.uint32)
    src_p[ported] = ports >> 16
    dst_p[ported] = ports & 0xFFFF
    tcp = ported & (proto == TCP) & (layer4 + 14 <= end)
    words = _view(block, ">u2")[layer4[tcp] + 12].astype(np.int64)
    flags[tcp] = words & 0xFF
    start[tcp] += (words >> 12) * 4
    start[proto == UDP] += 8
    payload = np.where(first, np.maximum(size - (start - layer3), 0), 0)
    head = np.zeros(count, np.uint64)
    seen = np.minimum(np.minimum(payload, end - start), 8)
    shown = ported & (seen > 0)
    bits = ((8 - seen[shown]) * 8).astype(np.uint64)
    head[shown] = (_view(block, "<u8")[start[shown]] << bits) >> bits

    packets = Packets(
        ts=ts[rows],
        src_hi=halves[0],
        src_lo=halves[1],
        dst_hi=halves[2],
        dst_lo=halves[3],
        src_p=src_p,
        dst_p=dst_p,
        proto=np.where(proto == ICMP6, ICMP, proto).astype(np.uint8),
        flags=flags,
        size=np.clip(size, 0, 1 << 30).astype(np.int32),
        payload=np.clip(payload, 0, 1 << 30).astype(np.int32),
        head=head,
    )
    return (packets if keep.all() else packets.take(keep)), quarantine


def _view(block: Bytes, dtype: str) -> npt.NDArray[np.generic]:
    """``block`` as overlapping integers, one starting at each byte."""
    width = np.dtype(dtype).itemsize
    return np.ndarray((len(block) - width + 1,), dtype=dtype, buffer=block.data, strides=(1,))


def _network_layer(block: Bytes, offset: Ints, end: Ints, link: int) -> tuple[Ints, Ints]:
    """Where the IP header starts, and its version: 0 for what is not IP."""
    if link in BARE:
        layer3 = offset + BARE[link]
        nibble = (block[np.minimum(layer3, len(block) - 1)] >> 4).astype(np.int64)
        return layer3, np.where((nibble == 4) | (nibble == 6), nibble, 0)
    if link not in ETHERTYPED:
        return offset, offset
    at, header = ETHERTYPED[link]
    read = _view(block, ">u2")
    layer3 = offset + header
    kind = read[offset + at].astype(np.int64)
    for _ in range(3):
        tagged = np.flatnonzero(np.isin(kind, _VLAN) & (layer3 + 4 <= end))
        if len(tagged) == 0:
            break
        kind[tagged] = read[layer3[tagged] + 2]
        layer3[tagged] += 4
    return layer3, np.where(kind == 0x0800, 4, np.where(kind == 0x86DD, 6, 0))


def _ipv4(block: Bytes, at: Ints, end: Ints) -> tuple[npt.NDArray[np.generic], ...]:
    """Size, protocol, transport offset (-1: bad header), has transport header, addresses."""
    words = _view(block, ">u4")
    begin = words[at].astype(np.int64)
    header = ((begin >> 24) & 0xF) * 4
    size = begin & 0xFFFF
    fragment = _view(block, ">u2")[at + 6].astype(np.int64) & 0x1FFF
    bad = (header < 20) | ((size != 0) & (size < header)) | (at + header > end)
    none = np.zeros(len(at), np.uint64)
    return (
        size,
        block[at + 9],
        np.where(bad, -1, at + header),
        fragment == 0,
        none,
        words[at + 12].astype(np.uint64) | np.uint64(MAPPED),
        none,
        words[at + 16].astype(np.uint64) | np.uint64(MAPPED),
    )


def _ipv6(block: Bytes, at: Ints, end: Ints) -> tuple[npt.NDArray[np.generic], ...]:
    """As _ipv4, behind any chain of at most eight extension headers."""
    pairs, quads = _view(block, ">u2"), _view(block, ">u8")
    payload = pairs[at + 4].astype(np.int64)
    following = block[at + 6].astype(np.int64)
    layer4 = at + 40
    first = np.ones(len(at), np.bool_)
    for _ in range(_MOST_EXTENSIONS):
        known = np.isin(following, (*_EXTENSIONS, _FRAGMENT, _AUTHENTICATION))
        chained = np.flatnonzero(known & first & (layer4 + 8 <= end))
        if len(chained) == 0:
            break
        here, kind = layer4[chained], following[chained]
        length = block[here + 1].astype(np.int64)
        step = np.where(
            kind == _FRAGMENT,
            8,
            np.where(kind == _AUTHENTICATION, (length + 2) * 4, length * 8 + 8),
        )
        first[chained] = (kind != _FRAGMENT) | ((pairs[here + 2].astype(np.int64) >> 3) == 0)
        following[chained] = block[here]
        layer4[chained] = here + step
    return (
        np.where(payload == 0, 0, payload + 40),
        following,
        np.where(layer4 > end, np.minimum(layer4, end), layer4),
        first,
        quads[at + 8].astype(np.uint64),
        quads[at + 16].astype(np.uint64),
        quads[at + 24].astype(np.uint64),
        quads[at + 32].astype(np.uint64),
    )
