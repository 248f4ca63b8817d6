"""Names the service of a flow from its first payload bytes, as Zeek names it; changes when a
protocol is added.

Ports are never consulted, save that DNS, NTP and SNMP carry no signature of their own and are
believed when the port and the shape of the first bytes agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Heads = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

SERVICES: Final = (
    "", "ssh", "http", "ssl", "ftp", "smtp", "pop3", "imap", "telnet", "smb", "rdp", "mysql",
    "postgresql", "redis", "mqtt", "rfb", "dns", "ntp", "snmp", "quic", "bittorrent", "ldap_tcp",
)  # fmt: skip

_HTTP: Final = (
    b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"DELETE ", b"PATCH ", b"CONNECT ",
    b"TRACE ", b"PROPFIND",
)  # fmt: skip


def detect(
    udp: Bools,
    resp_p: npt.NDArray[np.integer],
    orig: Heads,
    resp: Heads,
) -> npt.NDArray[np.int8]:
    """Index into SERVICES for each flow; 0 when nothing is recognised.

    ``orig`` and ``resp`` are the first eight payload bytes of each direction (first byte lowest, 0
    when that direction sent none); all arrays have one entry a flow.
    """
    tcp = ~udp
    greeted = _starts(resp, b"220 ") | _starts(resp, b"220-")
    mail = _any(orig, (b"EHLO", b"ehlo", b"HELO", b"helo"))
    rules: Sequence[tuple[str, Bools]] = (
        ("ssh", _starts(orig, b"SSH-") | _starts(resp, b"SSH-")),
        ("http", tcp & (_any(orig, _HTTP) | _starts(resp, b"HTTP/"))),
        ("ssl", tcp & (_tls(orig) | _tls(resp))),
        ("smtp", tcp & greeted & mail),
        ("ftp", tcp & greeted),
        ("pop3", tcp & _starts(resp, b"+OK")),
        ("imap", tcp & _starts(resp, b"* OK")),
        ("telnet", tcp & (_telnet(orig) | _telnet(resp))),
        ("smb", tcp & (_smb(orig) | _smb(resp))),
        ("rdp", tcp & _starts(orig, b"\x03\x00\x00") & (_byte(orig, 5) == 0xE0)),
        ("mysql", tcp & (_byte(resp, 3) == 0) & (_byte(resp, 4) == 10) & (orig != 0)),
        ("postgresql", tcp & _postgresql(orig)),
        ("redis", tcp & (_starts(orig, b"*") & (_byte(orig, 2) == 0x0D))),
        ("mqtt", tcp & (_byte(orig, 0) == 0x10) & (orig >> np.uint64(16) == _number(b"\0\4MQTT"))),
        ("rfb", tcp & _starts(resp, b"RFB ")),
        ("bittorrent", tcp & _starts(orig, b"\x13BitTor")),
        ("ldap_tcp", tcp & (resp_p == 389) & _starts(orig, b"\x30")),
        ("dns", udp & (resp_p == 53) & _question(orig)),
        ("dns", tcp & (resp_p == 53) & (_byte(orig, 0) == 0) & _question(orig >> np.uint64(16))),
        ("ntp", udp & (resp_p == 123) & np.isin(_byte(orig, 0) & 7, (3, 4))),
        ("snmp", udp & (resp_p == 161) & _starts(orig, b"\x30")),
        ("quic", udp & (resp_p == 443) & (_byte(orig, 0) & 0xC0 == 0xC0)),
    )
    found = np.select(
        [rows for _, rows in rules], [SERVICES.index(name) for name, _ in rules], default=0
    )
    return found.astype(np.int8)


def _number(prefix: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(prefix, "little"))


def _starts(heads: Heads, prefix: bytes) -> Bools:
    mask = np.uint64((1 << (8 * len(prefix))) - 1)
    rows: Bools = (heads & mask) == _number(prefix)
    return rows


def _any(heads: Heads, prefixes: Sequence[bytes]) -> Bools:
    rows: Bools = np.logical_or.reduce([_starts(heads, prefix) for prefix in prefixes])
    return rows


def _byte(heads: Heads, index: int) -> npt.NDArray[np.int64]:
    return ((heads >> np.uint64(8 * index)) & np.uint64(0xFF)).astype(np.int64)


def _tls(heads: Heads) -> Bools:
    """A handshake or alert record of SSL 3.0 to TLS 1.3."""
    kind: Bools = np.isin(_byte(heads, 0), (0x15, 0x16))
    rows: Bools = kind & (_byte(heads, 1) == 3) & (_byte(heads, 2) <= 4)
    return rows


def _telnet(heads: Heads) -> Bools:
    """IAC followed by WILL, WON'T, DO or DON'T."""
    rows: Bools = (_byte(heads, 0) == 0xFF) & (_byte(heads, 1) >= 0xFB) & (_byte(heads, 1) <= 0xFE)
    return rows


def _smb(heads: Heads) -> Bools:
    """SMB 1 or 2 behind a NetBIOS session header."""
    body = heads >> np.uint64(32)
    rows: Bools = (body == _number(b"\xffSMB")) | (body == _number(b"\xfeSMB"))
    return rows


def _postgresql(heads: Heads) -> Bools:
    """A startup message of protocol 3.0, or the request for TLS before it."""
    body = heads >> np.uint64(32)
    rows: Bools = (body == _number(b"\0\3\0\0")) | (body == _number(b"\x04\xd2\x16\x2f"))
    return rows


def _question(heads: Heads) -> Bools:
    """A DNS header with the query bit clear and one question."""
    rows: Bools = (_byte(heads, 2) & 0x80 == 0) & (_byte(heads, 4) == 0) & (_byte(heads, 5) == 1)
    return rows
