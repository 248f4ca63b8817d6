"""Packet captures of one run: start, stop with the tool's own counts, pack, list.

Captures keep the first SNAPLEN bytes of a packet: headers and enough payload to name a protocol.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scripts.lab.netns import LabError, Network, Process

SNAPLEN = 80
_FILE_HEADER = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_MAGIC_MICROSECONDS = 0xA1B2C3D4
_COUNTS = re.compile(rb"(\d+) packets? (captured|dropped by kernel)")
_XZ_PRESET = 9


@dataclass(frozen=True)
class Capture:
    """A running tcpdump and the files that it writes."""

    host: str
    interface: str
    file: Path
    log: Path
    process: Process


@dataclass(frozen=True)
class Counted:
    """What a stopped capture holds; times in µs since the epoch, None when it is empty."""

    packets: int
    dropped: int
    first: int | None
    last: int | None


def start_capture(
    bed: Network,
    host: str,
    interface: str,
    file: Path,
    expression: str = "ip",
    direction: str = "inout",
) -> Capture:
    """Capture IPv4 packets of one interface, or of ``any``."""
    log = file.with_suffix(".log")
    with log.open("wb") as stderr:
        process = bed.spawn(
            host,
            [
                *(
                    "tcpdump",
                    "-i",
                    interface,
                    "-Q",
                    direction,
                    "-n",
                    "-p",
                    "-Z",
                    "root",
                    "-s",
                    str(SNAPLEN),
                ),
                *("-B", "32768", "--time-stamp-precision=micro", "-w", str(file), expression),
            ],
            stderr=stderr,
        )
    return Capture(host, interface, file, log, process)


def stop_capture(capture: Capture) -> Counted:
    """Stop a capture and count what it wrote; raises LabError when the file is not whole."""
    capture.process.stop()
    said = {name: int(number) for number, name in _COUNTS.findall(capture.log.read_bytes())}
    if b"dropped by kernel" not in said:
        raise LabError(f"tcpdump on {capture.host} ended early: {capture.log.read_text().strip()}")
    times = packet_times(capture.file.read_bytes())
    return Counted(
        packets=len(times),
        dropped=said[b"dropped by kernel"],
        first=times[0] if times else None,
        last=times[-1] if times else None,
    )


def packet_times(data: bytes) -> list[int]:
    """Times in µs of a little-endian microsecond pcap; raises LabError when it is cut short."""
    if len(data) < _FILE_HEADER.size or _FILE_HEADER.unpack_from(data)[0] != _MAGIC_MICROSECONDS:
        raise LabError("not a microsecond pcap file")
    offset, times = _FILE_HEADER.size, []
    while offset < len(data):
        if offset + _RECORD.size > len(data):
            raise LabError("pcap file is cut short")
        seconds, micros, kept, _ = _RECORD.unpack_from(data, offset)
        offset += _RECORD.size + kept
        times.append(seconds * 1_000_000 + micros)
    if offset != len(data):
        raise LabError("pcap file is cut short")
    return times


def join_captures(parts: list[Path], whole: Path) -> None:
    """Put the records of consecutive captures of one interface into one file."""
    head = parts[0].read_bytes()[: _FILE_HEADER.size]
    whole.write_bytes(head + b"".join(part.read_bytes()[_FILE_HEADER.size :] for part in parts))


def pack(source: Path, folder: Path) -> Path:
    """Compress a file into ``folder`` as xz."""
    packed = folder / f"{source.name}.xz"
    packed.write_bytes(lzma.compress(source.read_bytes(), preset=_XZ_PRESET))
    return packed


def write_flows(flows: pd.DataFrame, table: Path) -> None:
    """Write a flow table as Parquet; times and rising ports pack best as differences."""
    rising = ("ts", "orig_p")
    flows.to_parquet(
        table,
        index=False,
        compression="zstd",
        compression_level=19,
        use_dictionary=[name for name in flows.columns if name not in rising],
        column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
    )


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
