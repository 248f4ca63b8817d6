"""NetFlow v5, v9 and IPFIX messages to one-directional records; changes when an export format or a
field we read does.

Records are gathered as bytes by template and decoded as columns all at once. Nothing in a message
is trusted: every length is checked, a set that does not fit ends its message, and what cannot be
read is counted. Option records are no flows and are counted too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.domain.flow import LATEST_US, MISSING, Quarantine
from oracles.traffic.oneway import OneWay

Ints = npt.NDArray[np.int64]

V5: Final = 5
V9: Final = 9
IPFIX: Final = 10
MOST_TEMPLATES: Final = 4_096  # of one stream of exports
MOST_FIELDS: Final = 256  # of one template
_REVERSE: Final = 29_305  # enterprise number of the answers in a biflow, RFC 5103
_VARIABLE: Final = 0xFFFF
V5_HEADER: Final = struct.Struct("!HHIIIIBBH")
V5_RECORD: Final = 48
_NTP_EPOCH_S: Final = 2_208_988_800

# the fields that we read, by (enterprise, element)
_FIELDS: Final = {
    (0, 1): "octets", (0, 85): "octets", (0, 2): "packets", (0, 86): "packets", (0, 4): "proto",
    (0, 6): "flags", (0, 7): "src_p", (0, 11): "dst_p", (0, 8): "src4", (0, 12): "dst4",
    (0, 27): "src6", (0, 28): "dst6", (0, 21): "last_up", (0, 22): "first_up",
    (0, 34): "sampling", (0, 305): "sampling", (0, 150): "start_s", (0, 151): "end_s",
    (0, 152): "start_ms", (0, 153): "end_ms", (0, 154): "start_ntp", (0, 155): "end_ntp",
    (0, 156): "start_ntp", (0, 157): "end_ntp", (0, 231): "octets", (0, 298): "packets",
    (0, 232): "back_octets", (0, 299): "back_packets", (_REVERSE, 1): "back_octets",
    (_REVERSE, 85): "back_octets", (_REVERSE, 2): "back_packets", (_REVERSE, 86): "back_packets",
    (_REVERSE, 6): "back_flags",
}  # fmt: skip
_V5_FIELDS: Final = (
    ("src4", 4), ("dst4", 4), ("", 8), ("packets", 4), ("octets", 4), ("first_up", 4),
    ("last_up", 4), ("src_p", 2), ("dst_p", 2), ("", 1), ("flags", 1), ("proto", 1), ("", 9),
)  # fmt: skip


@dataclass(frozen=True)
class _Template:
    """Names (empty for what we pass over) and lengths of a record's fields; no flow for options."""

    fields: tuple[tuple[str, int], ...]
    is_flow: bool

    @property
    def fixed(self) -> int:
        """Bytes of a record, or 0 when it has a field of variable length."""
        lengths = [length for _, length in self.fields]
        return 0 if _VARIABLE in lengths else sum(lengths)


_V5_TEMPLATE: Final = _Template(_V5_FIELDS, True)


@dataclass
class _Gathered:
    """Records of one template: their bytes, and of each the exporter's boot time in µs."""

    records: list[bytes] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    boots: list[int] = field(default_factory=list)
    sampling: list[int] = field(default_factory=list)


@dataclass
class Exports:
    """Collects export messages of one exporter, and gives their flows."""

    quarantine: Quarantine = field(default_factory=Quarantine)
    _templates: dict[tuple[int, int, int], _Template] = field(default_factory=dict)
    _gathered: dict[_Template, _Gathered] = field(default_factory=dict)

    def add(self, message: bytes) -> None:
        """Takes one message; never raises for its content.

        Counted: unknown_version, truncated_message, bad_set, bad_template, unknown_template (sets
        whose template has not been seen), option_set.
        """
        version = int.from_bytes(message[:2], "big")
        if version == V5:
            self._v5(message)
        elif version == V9 and len(message) >= 20:
            _, _, uptime, seconds, _, domain = struct.unpack_from("!HHIIII", message)
            self._sets(message, 20, V9, domain, _boot(seconds * 1_000_000, uptime))
        elif version == IPFIX and len(message) >= 16:
            _, length, _, _, domain = struct.unpack_from("!HHIII", message)
            if length != len(message):
                self._refuse("truncated_message")
            self._sets(message[:length], 16, IPFIX, domain, 0)
        else:
            self._refuse("truncated_message" if version in (V9, IPFIX) else "unknown_version")

    def take(self) -> OneWay:
        """The records gathered since the last call, as one-directional records."""
        gathered, self._gathered = self._gathered, {}
        tables = [_columns(template, records) for template, records in gathered.items()]
        return _oneway(tables)

    def _refuse(self, reason: str, count: int = 1) -> None:
        self.quarantine = self.quarantine.plus(reason, count)

    def _v5(self, message: bytes) -> None:
        if len(message) < V5_HEADER.size:
            self._refuse("truncated_message")
            return
        _, count, uptime, seconds, nanos, *_, interval = V5_HEADER.unpack_from(message)
        body = message[V5_HEADER.size :]
        if len(body) != count * V5_RECORD:
            self._refuse("truncated_message")
        whole = min(count, len(body) // V5_RECORD)
        boot = _boot(seconds * 1_000_000 + nanos // 1_000, uptime)
        self._gather(_V5_TEMPLATE, body[: whole * V5_RECORD], whole, boot, interval & 0x3FFF)

    def _sets(self, message: bytes, at: int, version: int, domain: int, boot: int) -> None:
        template_set, option_set = (0, 1) if version == V9 else (2, 3)
        while at + 4 <= len(message):
            kind, length = struct.unpack_from("!HH", message, at)
            body = message[at + 4 : at + length]
            if length < 4 or at + length > len(message):
                self._refuse("bad_set")
                return
            if kind in (template_set, option_set):
                self._learn(body, version, domain, kind == option_set)
            elif kind >= 256:
                self._data(self._templates.get((version, domain, kind)), body, boot)
            at += length

    def _learn(self, body: bytes, version: int, domain: int, is_option: bool) -> None:
        at = 0
        head = 6 if is_option else 4
        while at + head <= len(body):
            number, count = struct.unpack_from("!HH", body, at)
            if number < 256:
                return  # padding
            if is_option and version == V9:  # lengths in bytes, of scope and options
                (options,) = struct.unpack_from("!H", body, at + 4)
                count = (count + options) // 4
            at += head
            fields: list[tuple[str, int]] = []
            for _ in range(min(count, MOST_FIELDS + 1)):
                if at + 4 > len(body):
                    break
                element, length = struct.unpack_from("!HH", body, at)
                at += 4
                enterprise = 0
                if version == IPFIX and element & 0x8000:
                    enterprise = int.from_bytes(body[at : at + 4], "big")
                    element &= 0x7FFF
                    at += 4
                fields.append((_FIELDS.get((enterprise, element), ""), length))
            too_many = len(self._templates) >= MOST_TEMPLATES
            if len(fields) != count or count > MOST_FIELDS or too_many:
                self._refuse("bad_template")
                return
            key = (version, domain, number)
            if count == 0:
                self._templates.pop(key, None)  # withdrawn
            else:
                self._templates[key] = _Template(tuple(fields), not is_option)

    def _data(self, template: _Template | None, body: bytes, boot: int) -> None:
        if template is None:
            self._refuse("unknown_template")
        elif not template.is_flow:
            self._refuse("option_set")
        elif template.fixed:
            count = len(body) // template.fixed
            self._gather(template, body[: count * template.fixed], count, boot, 0)
        else:
            narrow = _Template(
                tuple((name, _width(name, length)) for name, length in template.fields),
                True,
            )
            records = list(_variable(template, narrow, body))
            self._gather(narrow, b"".join(records), len(records), boot, 0)

    def _gather(self, of: _Template, body: bytes, count: int, boot: int, sampling: int) -> None:
        if count:
            into = self._gathered.setdefault(of, _Gathered())
            into.records.append(body)
            into.counts.append(count)
            into.boots.append(boot)
            into.sampling.append(sampling)


def _boot(now_us: int, uptime_ms: int) -> int:
    return now_us - uptime_ms * 1_000


def _width(name: str, length: int) -> int:
    """Bytes that we keep of a field, when another field of its record is of variable length."""
    return 0 if not name else 8 if length == _VARIABLE else length


def _variable(template: _Template, narrow: _Template, body: bytes) -> Iterator[bytes]:
    """Records with fields of variable length, cut to the fields that we read."""
    at = 0
    while at < len(body):
        pieces = []
        for (name, length), (_, width) in zip(template.fields, narrow.fields, strict=True):
            if length == _VARIABLE:
                length = body[at] if at < len(body) else 0
                at += 1
                if length == 255:
                    length = int.from_bytes(body[at : at + 2], "big")
                    at += 2
            if at + length > len(body):
                return
            if name:
                pieces.append(body[at : at + length][-width:].rjust(width, b"\0"))
            at += length
        yield b"".join(pieces)
        if not any(length for _, length in template.fields):
            return


def _columns(template: _Template, of: _Gathered) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of one template's records: integers, and 16-byte rows for IPv6 addresses."""
    width = sum(length for _, length in template.fields)
    table = np.frombuffer(b"".join(of.records), np.uint8).reshape(-1, width)
    columns: dict[str, npt.NDArray[np.generic]] = {
        "boot": np.repeat(np.array(of.boots, np.int64), of.counts),
        "sampling": np.repeat(np.array(of.sampling, np.int64), of.counts),
    }
    at = 0
    for name, length in template.fields:
        part = table[:, at : at + length]
        at += length
        if name in ("src6", "dst6") and length == 16:
            columns[name] = part
        elif name and 1 <= length <= 8:
            value = np.zeros(len(table), np.uint64)
            for byte in part.T:
                value = (value << np.uint64(8)) | byte
            columns[name] = (
                np.minimum(value, np.uint64(1 << 62)).astype(np.int64)
                if ("ntp" not in name)
                else value
            )
    return columns


def _oneway(tables: Sequence[Mapping[str, npt.NDArray[np.generic]]]) -> OneWay:
    """All templates' records in one table; a biflow becomes two records."""
    hosts: dict[str, int] = {}
    parts: list[dict[str, Ints]] = []
    for table in tables:
        count = len(table["boot"])
        start, end = _times(table)
        forward = {
            "start": start,
            "end": np.maximum(end, start),
            "src": _host_codes(table, "src", hosts),
            "dst": _host_codes(table, "dst", hosts),
            "src_p": _value(table, "src_p", count, 0),
            "dst_p": _value(table, "dst_p", count, 0),
            "proto": _value(table, "proto", count, MISSING),
            "packets": _value(table, "packets", count, MISSING),
            "octets": _value(table, "octets", count, MISSING),
            "flags": _value(table, "flags", count, 0) & 0xFF,
            "sampling": np.clip(_value(table, "sampling", count, 0), 1, 1 << 24),
        }
        parts.append(forward)
        if "back_packets" in table:
            answered = _value(table, "back_packets", count, 0) > 0
            backward = forward | {
                "src": forward["dst"],
                "dst": forward["src"],
                "src_p": forward["dst_p"],
                "dst_p": forward["src_p"],
                "packets": _value(table, "back_packets", count, 0),
                "octets": _value(table, "back_octets", count, MISSING),
                "flags": _value(table, "back_flags", count, 0) & 0xFF,
                "start": start + 1,  # after the originator, so that it stays the originator
            }
            parts.append({name: column[answered] for name, column in backward.items()})
    names = [name for name in OneWay.__dataclass_fields__ if name not in ("hosts", "refused")]
    columns = {
        name: np.concatenate([part[name] for part in parts]) if parts else np.zeros(0, np.int64)
        for name in names
    }
    total = len(columns["start"])
    return OneWay(hosts=tuple(hosts), refused=np.zeros(total, np.bool_), **columns)


def _value(
    table: Mapping[str, npt.NDArray[np.generic]], name: str, count: int, default: int
) -> Ints:
    column = table.get(name)
    return np.full(count, default, np.int64) if column is None else column.astype(np.int64)


def _times(table: Mapping[str, npt.NDArray[np.generic]]) -> tuple[Ints, Ints]:
    """Start and end in µs since 1970, from whichever clock the template has; 0 for none."""
    count = len(table["boot"])
    found = []
    for edge, uptime in (("start", "first_up"), ("end", "last_up")):
        if f"{edge}_ms" in table:
            when = _value(table, f"{edge}_ms", count, 0)
            when = np.minimum(when, LATEST_US // 1_000) * 1_000
        elif f"{edge}_s" in table:
            when = np.minimum(_value(table, f"{edge}_s", count, 0), LATEST_US) * 1_000_000
        elif f"{edge}_ntp" in table:
            stamp = table[f"{edge}_ntp"].astype(np.uint64)
            seconds = (stamp >> np.uint64(32)).astype(np.int64) - _NTP_EPOCH_S
            fraction = (stamp & np.uint64(0xFFFF_FFFF)).astype(np.int64)
            when = seconds * 1_000_000 + (fraction * 1_000_000 >> 32)
        else:
            when = _value(table, "boot", count, 0) + _value(table, uptime, count, 0) * 1_000
        found.append(when)
    return found[0], found[1]


def _host_codes(
    table: Mapping[str, npt.NDArray[np.generic]], side: str, hosts: dict[str, int]
) -> Ints:
    """Codes of the addresses of one side, new ones added to ``hosts``."""
    count = len(table["boot"])
    six = table.get(f"{side}6")
    four = table.get(f"{side}4")
    if six is not None and (four is None or not four.any()):
        packed = np.array([row.tobytes() for row in six], object)
        codes, distinct = pd.factorize(packed)
        texts = [str(IPv6Address(row)) for row in distinct]
    else:
        values = np.zeros(count, np.int64) if four is None else four.astype(np.int64)
        codes, numbers = pd.factorize(values)
        texts = [f"{n >> 24 & 255}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in numbers]
    own = np.array([hosts.setdefault(text, len(hosts)) for text in texts] + [0], np.int64)
    return own[codes]
