"""A member's or sensor's live NetFlow over UDP on loopback."""

from __future__ import annotations

import socket
import struct
import time
from ipaddress import ip_address

import pytest

from oracles.attest.live import Exporters, LiveFlows
from oracles.domain.incident import MICROS

NOW_S = 1_800_000_000
ASK = ("192.0.2.7", "198.51.100.1", 50_000, 443, 900)
ANSWER = ("198.51.100.1", "192.0.2.7", 443, 50_000, 4_400)
Record = tuple[str, str, int, int, int]


def message(*records: Record) -> bytes:
    """A NetFlow v5 message of flows of seven packets that ended three seconds before it."""
    head = struct.pack("!HHIIIIBBH", 5, len(records), 100_000, NOW_S, 0, 1, 0, 0, 0)
    return head + b"".join(
        ip_address(src).packed + ip_address(dst).packed + bytes(8)
        + struct.pack("!IIIIHHBBBB", 7, size, 95_000, 97_000, sp, dp, 0, 0x1B, 6, 0)
        + bytes(8)
        for src, dst, sp, dp, size in records
    )  # fmt: skip


def arrived(flows: LiveFlows, count: int) -> int:
    """How many flows have arrived, once there are ``count`` or ten seconds have passed."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        flows.poll()
        if len(seen := flows.visible(0, NOW_S * MICROS)) >= count:
            return len(seen)
        time.sleep(0.05)
    return -1


def test_exporters__public_address__is_refused() -> None:
    with pytest.raises(ValueError, match="not a private address"):
        Exporters("8.8.8.8", 0, ["127.0.0.1"])


def test_exporters__known_exporter_and_rubbish__flow_is_paired_and_rubbish_counted() -> None:
    feed = Exporters("127.0.0.1", 0, ["127.0.0.1"])
    flows = LiveFlows(feed, allowance_s=2, silent_s=300)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
        for data in (b"hello", message(ASK, ANSWER)):
            exporter.sendto(data, ("127.0.0.1", feed.port))
    time.sleep(0.2)
    assert arrived(flows, 1) == 1
    (flow,) = flows.visible(0, NOW_S * MICROS).to_dict("records")
    assert (flow["resp_p"], flow["orig_ip_bytes"], flow["resp_ip_bytes"]) == (443, 900, 4_400)
    arrival = flows.arrival(NOW_S * MICROS)
    assert arrival.silent_s == 3
    assert arrival.quarantine.total == 1
    flows.close()


def test_exporters__stranger__is_not_heard() -> None:
    feed = Exporters("127.0.0.1", 0, ["127.0.0.9"])
    flows = LiveFlows(feed, allowance_s=2, silent_s=300)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
        exporter.sendto(message(ASK), ("127.0.0.1", feed.port))
    deadline = time.monotonic() + 10
    while not flows.arrival(0).quarantine.total and time.monotonic() < deadline:
        assert flows.visible(0, NOW_S * MICROS).empty
    assert flows.arrival(0).quarantine.counts == {"unknown_exporter": 1}
    flows.close()
