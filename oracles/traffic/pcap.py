"""The pcap and pcapng adapter; changes when a capture file format does.

Reads a block of the file at a time: record headers are walked, packet headers are decoded as
columns (``packets``), and all packets together are metered into flows (``meter``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from oracles.domain.flow import LATEST_US, FlowBatch, Quarantine
from oracles.traffic.compressed import CORRUPT, Bounded, TooLarge, open_bytes, sha256_of
from oracles.traffic.errors import MalformedCapture
from oracles.traffic.meter import MeterSettings, meter
from oracles.traffic.packets import PADDING, Ints, Packets, decode, join

__all__ = ["MalformedCapture", "is_capture", "read_packets", "read_pcap"]

BLOCK: Final = 1 << 23
MOST_CAPTURED: Final = 1 << 20  # bytes of one record; more means that the file is corrupt
MOST_BLOCK: Final = 1 << 24  # bytes of one pcapng block
MOST_TICKS: Final = 10**12  # a second; finer clocks would overflow 64 bits

# magic: (byte order, ticks a second)
_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 10**6),
    b"\xa1\xb2\xc3\xd4": (">", 10**6),
    b"\x4d\x3c\xb2\xa1": ("<", 10**9),
    b"\xa1\xb2\x3c\x4d": (">", 10**9),
}
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _SIMPLE, _ENHANCED = 1, 3, 6
_UNUSABLE_LINK: Final = -1


@dataclass(frozen=True)
class _Records:
    """Records of one link type inside a padded block."""

    block: npt.NDArray[np.uint8]
    offset: Ints
    captured: Ints
    wire: Ints
    ts: Ints
    link: int


@dataclass
class _Refused:
    """Counts of what the file itself, not a packet, is to blame for."""

    quarantine: Quarantine = field(default_factory=Quarantine)

    def add(self, reason: str, count: int = 1) -> None:
        self.quarantine = self.quarantine.plus(reason, count)


def is_capture(start: bytes) -> bool:
    """Whether a decompressed file that starts so is a pcap or pcapng."""
    return start[:4] in _PCAP or start[:4] == _PCAPNG


def read_pcap(path: Path, settings: MeterSettings | None = None) -> FlowBatch:
    """The flows of a capture (.pcap or .pcapng, plain or as .xz, .gz, .zst).

    Refused records are counted in the batch's quarantine: truncated_file, corrupt_record,
    packet_without_time, and the reasons of ``packets.decode``.
    Raises MalformedCapture when the file is no capture, OSError when it cannot be opened.
    """
    packets, quarantine = read_packets(path)
    digest = sha256_of(path)
    flows = meter(packets, settings or MeterSettings(), digest)
    return FlowBatch(flows, quarantine, digest, "pcap")


def read_packets(path: Path) -> tuple[Packets, Quarantine]:
    """The IP packets of a capture, and what was refused; raises as ``read_pcap``."""
    refused = _Refused()
    parts: list[Packets] = []
    with open_bytes(path) as stream:
        try:
            start = stream.read(24)
        except CORRUPT as error:
            raise MalformedCapture(path, f"cannot be decompressed: {error}") from error
        if start[:4] in _PCAP and len(start) == 24:
            records = _pcap(stream, start, refused)
        elif start[:4] == _PCAPNG:
            records = _pcapng(stream, start, refused)
        else:
            raise MalformedCapture(path, "is neither pcap nor pcapng")
        try:
            for part in records:
                packets, quarantine = decode(
                    part.block, part.offset, part.captured, part.wire, part.ts, part.link
                )
                refused.quarantine = refused.quarantine.merge(quarantine)
                parts.append(packets)
        except TooLarge as error:
            raise MalformedCapture(path, str(error)) from error
    return join(parts), refused.quarantine


def _blocks(stream: Bounded, refused: _Refused) -> Iterator[bytes]:
    """Pieces of the file; a corrupt compression ends it as truncated."""
    while True:
        try:
            piece = stream.read(BLOCK)
        except CORRUPT:
            refused.add("truncated_file")
            return
        if not piece:
            return
        yield piece


def _pcap(stream: Bounded, start: bytes, refused: _Refused) -> Iterator[_Records]:
    order, ticks = _PCAP[start[:4]]
    link = struct.unpack(order + "I", start[20:24])[0] & 0x0FFF_FFFF
    length = struct.Struct(order + "I").unpack_from
    rest = b""
    for piece in _blocks(stream, refused):
        data = rest + piece
        end = len(data)
        offsets: list[int] = []
        append = offsets.append
        at, corrupt = 0, False
        while at + 16 <= end:
            captured = length(data, at + 8)[0]
            corrupt = captured > MOST_CAPTURED
            if corrupt:
                refused.add("corrupt_record")
                break
            following = at + 16 + captured
            if following > end:
                break
            append(at)
            at = following
        yield _pcap_records(data, np.array(offsets, np.int64), order, ticks, link)
        if corrupt:
            return
        rest = data[at:]
    if rest:
        refused.add("truncated_file")


def _pcap_records(data: bytes, offset: Ints, order: str, ticks: int, link: int) -> _Records:
    block = _padded(data)
    seconds, fraction, captured, wire = (
        _words(block, offset + shift, order) for shift in (0, 4, 8, 12)
    )
    ts = seconds * 1_000_000 + fraction // (ticks // 1_000_000)
    return _Records(block, offset + 16, captured, wire, ts, link)


def _pcapng(stream: Bounded, start: bytes, refused: _Refused) -> Iterator[_Records]:
    order = "<"
    interfaces: list[_Interface] = []
    rest = start
    for piece in _blocks(stream, refused):
        data = rest + piece
        end = len(data)
        enhanced: list[int] = []
        at = 0
        while at + 12 <= end:
            if data[at : at + 4] == _PCAPNG:
                yield from _enhanced(data, enhanced, order, interfaces, refused)
                enhanced, interfaces = [], []
                order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            kind, total = struct.unpack_from(order + "II", data, at)
            if total < 12 or total % 4 or total > MOST_BLOCK:
                refused.add("corrupt_record")
                yield from _enhanced(data, enhanced, order, interfaces, refused)
                return
            if at + total > end:
                break
            if kind == _INTERFACE and total >= 20:
                interfaces.append(_interface(data[at : at + total], order))
            elif kind == _SIMPLE:
                refused.add("packet_without_time")
            elif kind == _ENHANCED and total >= 32:
                enhanced.append(at)
            elif kind == _ENHANCED:
                refused.add("corrupt_record")
            at += total
        yield from _enhanced(data, enhanced, order, interfaces, refused)
        rest = data[at:]
    if rest:
        refused.add("truncated_file")


@dataclass(frozen=True)
class _Interface:
    link: int
    ticks: int  # a second


def _interface(block: bytes, order: str) -> _Interface:
    """The link type and time resolution of an interface description block."""
    link = struct.unpack_from(order + "H", block, 8)[0]
    ticks = 10**6
    at = 16
    while at + 4 <= len(block) - 4:
        code, length = struct.unpack_from(order + "HH", block, at)
        if code == 0:
            break
        if code == 9 and length == 1:
            exponent = block[at + 4] & 0x7F
            ticks = 2**exponent if block[at + 4] & 0x80 else 10**exponent
        at += 4 + (length + 3) // 4 * 4
    return _Interface(link if ticks <= MOST_TICKS else _UNUSABLE_LINK, min(ticks, MOST_TICKS))


def _enhanced(
    data: bytes,
    offsets: list[int],
    order: str,
    interfaces: list[_Interface],
    refused: _Refused,
) -> Iterator[_Records]:
    """The enhanced packet blocks of one section, by interface."""
    if not offsets:
        return
    block = _padded(data)
    offset = np.array(offsets, np.int64)
    total, of, high, low, captured, wire = (
        _words(block, offset + shift, order) for shift in (4, 8, 12, 16, 20, 24)
    )
    known = (of < len(interfaces)) & (captured <= total - 32)
    refused.add("corrupt_record", int((~known).sum()))
    clock = (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)
    for number, interface in enumerate(interfaces):
        rows = np.flatnonzero(known & (of == number))
        ticks = np.uint64(interface.ticks)
        seconds, fraction = np.divmod(clock[rows], ticks)
        ts = seconds * np.uint64(1_000_000) + fraction * np.uint64(1_000_000) // ticks
        if len(rows):
            yield _Records(
                block,
                offset[rows] + 28,
                captured[rows],
                wire[rows],
                np.minimum(ts, np.uint64(LATEST_US)).astype(np.int64),
                interface.link,
            )


def _padded(data: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(data + bytes(PADDING), np.uint8)


def _words(block: npt.NDArray[np.uint8], at: Ints, order: str) -> Ints:
    words = np.ndarray((len(block) - 3,), dtype=order + "u4", buffer=block.data, strides=(1,))
    return words[at].astype(np.int64)
