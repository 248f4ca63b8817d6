"""The NetFlow listener on loopback: who is heard, and what is kept of it."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address

import pytest

from oracles.traffic.netflow_listener import NetflowListener


def message() -> bytes:
    """A NetFlow v5 message of one record: 12 packets to port 22."""
    head = struct.pack("!HHIIIIBBH", 5, 1, 100_000, 1_700_000_100, 0, 1, 0, 0, 0)
    ends = ip_address("192.0.2.7").packed + ip_address("198.51.100.1").packed + bytes(8)
    body = struct.pack("!IIIIHHBBBB", 12, 2_300, 1_000, 4_000, 50_000, 22, 0, 0x1B, 6, 0)
    return head + ends + body + bytes(8)


def send(port: int, content: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(content, ("127.0.0.1", port))


@pytest.mark.parametrize("host", ["8.8.8.8", "0.0.0.0"])
def test_listener__address_that_anyone_reaches__is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not authenticated"):
        NetflowListener(host, 0, ["127.0.0.1"])


def test_listener__exporter_that_is_not_named__is_counted_and_not_heard() -> None:
    with NetflowListener("127.0.0.1", 0, ["10.0.0.9"]) as listener:
        send(listener.port, message())
        assert listener.receive(5.0) == 1
        (batch,) = listener.take()
    assert len(batch.flows) == 0
    assert batch.quarantine.counts == {"unknown_exporter": 1}


def test_listener__malformed_message__is_counted_and_the_next_is_read() -> None:
    with NetflowListener("127.0.0.1", 0, ["127.0.0.1"]) as listener:
        for content in (b"all ascii, which is no message", message()):
            send(listener.port, content)
            assert listener.receive(5.0, most=1) == 1
        (batch,) = listener.take()
        (nothing,) = listener.take()
    (flow,) = batch.flows.itertuples()
    assert (flow.orig_h, flow.resp_p, flow.orig_pkts) == ("192.0.2.7", 22, 12)
    assert sum(batch.quarantine.counts.values()) == 1
    assert len(nothing.flows) == 0
