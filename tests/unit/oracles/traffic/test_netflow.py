"""NetFlow v5, v9 and IPFIX: hostile messages are counted, honest ones read as the netflow package
reads them."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from pathlib import Path

import netflow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.domain.flow import MISSING, validate
from oracles.traffic.errors import MalformedLog
from oracles.traffic.netflow import read_netflow
from oracles.traffic.netflow_decode import Exports
from oracles.traffic.oneway import pair
from oracles.traffic.sources import open_source
from tests.support.captures import write

BOOT_S, NOW_S = 1_700_000_000, 1_700_000_100
UPTIME_MS = (NOW_S - BOOT_S) * 1000
CLIENT, SERVER = "192.0.2.7", "198.51.100.1"
ASK = (CLIENT, SERVER, 50_000, 22, 6, 12, 2_300, 0x1B, 1_000, 4_000)
ANSWER = (SERVER, CLIENT, 22, 50_000, 6, 11, 2_200, 0x1B, 1_010, 4_000)
LONE = (CLIENT, SERVER, 50_001, 23, 6, 1, 60, 0x02, 2_000, 2_000)

Record = tuple[str, str, int, int, int, int, int, int, int, int]


def v5(*records: Record, count: int | None = None, interval: int = 0) -> bytes:
    """A v5 message; records hold addresses, ports, protocol, packets, bytes, flags, first, last."""
    number = len(records) if count is None else count
    head = struct.pack("!HHIIIIBBH", 5, number, UPTIME_MS, NOW_S, 0, 1, 0, 0, interval)
    return head + b"".join(
        ip_address(src).packed
        + ip_address(dst).packed
        + bytes(8)
        + struct.pack("!IIIIHHBBBB", packets, size, first, last, sp, dp, 0, flags, proto, 0)
        + bytes(8)
        for src, dst, sp, dp, proto, packets, size, flags, first, last in records
    )


FIELDS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (6, 1), (22, 4), (21, 4)]


def rows(*records: Record) -> bytes:
    return b"".join(
        ip_address(src).packed + ip_address(dst).packed + struct.pack("!HHBIIBII", *rest)
        for src, dst, *rest in records
    )


def message_set(number: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", number, len(body) + 4) + body


def template(number: int, fields: list[tuple[int, int]]) -> bytes:
    return struct.pack("!HH", number, len(fields)) + b"".join(
        struct.pack("!HH", *f) for f in fields
    )


def v9(*sets: bytes) -> bytes:
    return struct.pack("!HHIIII", 9, len(sets), UPTIME_MS, NOW_S, 1, 7) + b"".join(sets)


def ipfix(*sets: bytes) -> bytes:
    body = b"".join(sets)
    return struct.pack("!HHIII", 10, 16 + len(body), NOW_S, 1, 7) + body


def taken(*messages: bytes) -> tuple[Exports, int]:
    exports = Exports()
    for message in messages:
        exports.add(message)
    return exports, len(exports.take())


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "unknown_version"),
        (b"all of this is plain ascii text", "unknown_version"),
        (v5(ASK)[:30], "truncated_message"),
        (v5(ASK, count=30), "truncated_message"),
        (b"\x00\x09\x00\x01", "truncated_message"),
        (ipfix(message_set(256, rows(ASK))), "unknown_template"),
        (v9(struct.pack("!HH", 300, 0)), "bad_set"),
        (ipfix(struct.pack("!HH", 2, 0)), "bad_set"),
        (ipfix(struct.pack("!HH", 2, 9_000)), "bad_set"),
        (ipfix(message_set(2, struct.pack("!HH", 256, 60_000))), "bad_template"),
        (
            ipfix(
                message_set(3, struct.pack("!7H", 257, 2, 1, 149, 4, 41, 8)),
                message_set(257, bytes(12)),
            ),
            "option_set",
        ),
    ],
)  # fmt: skip
def test_exports__hostile_message__is_counted(message: bytes, reason: str) -> None:
    exports, _ = taken(message)
    assert exports.quarantine.counts == {reason: 1}


def test_read_netflow__no_message__raises_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedLog):
        read_netflow(write(tmp_path / "x", b"\x00\x63 nothing"))


def test_read_netflow__v5_pair__is_one_flow(tmp_path: Path) -> None:
    batch = open_source(write(tmp_path / "x", v5(ANSWER, ASK, LONE)))
    validate(batch.flows)
    flow, lone = batch.flows.itertuples()
    assert (flow.orig_h, flow.orig_p, flow.resp_h, flow.resp_p) == (CLIENT, 50_000, SERVER, 22)
    assert (flow.ts, flow.duration_us) == (BOOT_S * 1_000_000 + 1_000_000, 3_000_000)
    assert (flow.orig_pkts, flow.resp_pkts) == (12, 11)
    assert (flow.orig_ip_bytes, flow.resp_ip_bytes) == (2_300, 2_200)
    assert (lone.resp_pkts, lone.conn_state) == (0, "S0")


def test_read_netflow__single_direction_only__leaves_answers_unknown(tmp_path: Path) -> None:
    flows = open_source(write(tmp_path / "x", v5(ASK, LONE))).flows
    assert list(flows["resp_pkts"]) == [MISSING, MISSING]
    assert list(flows["conn_state"]) == ["", ""]


def test_read_netflow__three_versions__give_the_same_flows(tmp_path: Path) -> None:
    millis = [(152, 8) if n == 22 else (153, 8) if n == 21 else (n, size) for n, size in FIELDS]
    bodies = b"".join(
        ip_address(src).packed
        + ip_address(dst).packed
        + struct.pack("!HHBIIBQQ", *rest, *(BOOT_S * 1000 + at for at in (first, last)))
        for src, dst, *rest, first, last in (ANSWER, ASK, LONE)
    )
    contents = [
        v5(ANSWER, ASK, LONE),
        v9(message_set(0, template(256, FIELDS)), message_set(256, rows(ANSWER, ASK, LONE))),
        ipfix(message_set(2, template(256, millis)), message_set(256, bodies)),
    ]
    tables = [open_source(write(tmp_path / "x", c)).flows for c in contents]
    for table in tables[1:]:
        assert table.drop(columns="raw_sha256").equals(tables[0].drop(columns="raw_sha256"))


def test_read_netflow__several_messages__are_read_one_by_one(tmp_path: Path) -> None:
    learn = v9(message_set(0, template(256, FIELDS)))
    content = learn + v9(message_set(256, rows(ASK))) + v9(message_set(256, rows(ANSWER)))
    assert len(open_source(write(tmp_path / "x", content)).flows) == 1


def test_exports__v9__agrees_with_the_netflow_package() -> None:
    message = v9(message_set(0, template(256, FIELDS)), message_set(256, rows(ASK, LONE)))
    expected = netflow.parse_packet(message, {"netflow": {}, "ipfix": {}}).flows
    exports = Exports()
    exports.add(message)
    records = exports.take()
    assert [flow.data["IN_BYTES"] for flow in expected] == records.octets.tolist()
    assert [flow.data["L4_SRC_PORT"] for flow in expected] == records.src_p.tolist()
    assert [flow.data["IPV4_SRC_ADDR"] for flow in expected] == [
        records.hosts[code] for code in records.src
    ]


def test_exports__biflow_with_variable_field_and_ipv6__is_read() -> None:
    fields = struct.pack("!HH", 256, 9) + b"".join(
        struct.pack("!HH", *f)
        for f in [(27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (82, 0xFFFF), (1, 8), (150, 4)]
    )
    fields += struct.pack("!HHI", 0x8000 | 2, 4, 29_305)
    record = (
        ip_address("2001:db8::1").packed
        + ip_address("2001:db8::2").packed
        + struct.pack("!HHB", 5_000, 53, 17)
        + b"\x03eth"
        + struct.pack("!QII", 99, NOW_S, 4)
    )
    exports = Exports()
    exports.add(ipfix(message_set(2, fields), message_set(256, record)))
    flows, _ = pair(exports.take(), "netflow", "")
    assert exports.quarantine.counts == {}
    (flow,) = flows.itertuples()
    assert (flow.orig_h, flow.resp_h, flow.resp_p) == ("2001:db8::1", "2001:db8::2", 53)
    assert (flow.orig_ip_bytes, flow.resp_pkts, flow.conn_state) == (99, 4, "SF")


def test_exports__sampled__carries_the_rate() -> None:
    exports = Exports()
    exports.add(v5(ASK, interval=0x4000 | 100))
    assert exports.take().sampling.tolist() == [100]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_exports__damaged_messages__never_raise(data: st.DataObject) -> None:
    learn = message_set(0, template(256, FIELDS))
    good = data.draw(
        st.sampled_from(
            [
                v5(ASK, ANSWER),
                v9(learn, message_set(256, rows(ASK, ANSWER))),
                ipfix(message_set(2, template(256, FIELDS)), message_set(256, rows(ASK))),
            ]
        )
    )
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(0, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    exports = Exports()
    exports.add(bytes(broken[: data.draw(st.integers(0, len(broken)))]))
    exports.add(good)
    flows, _ = pair(exports.take(), "netflow", "")
    validate(flows)
