"""EVE, VPC and Parquet to flows: what is refused, and that the same traffic gives the same flow."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.domain.flow import MISSING, validate
from oracles.traffic.errors import MalformedLog
from oracles.traffic.eve import read_eve
from oracles.traffic.parquet import read_parquet
from oracles.traffic.pcap import read_pcap
from oracles.traffic.sources import open_source
from oracles.traffic.vpc import read_vpc_log
from tests.support.captures import conversation, pcap_bytes, write

CLIENT, SERVER = ("192.0.2.7", 50_000), ("198.51.100.1", 22)
TALK = conversation(1_700_000_000.25, CLIENT, SERVER, b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n")
EVENT = {
    "timestamp": "2023-11-14T22:13:21.000000+0000",
    "event_type": "flow",
    "src_ip": CLIENT[0],
    "src_port": CLIENT[1],
    "dest_ip": SERVER[0],
    "dest_port": SERVER[1],
    "proto": "TCP",
    "app_proto": "ssh",
    "flow": {
        "pkts_toserver": 4,
        "pkts_toclient": 3,
        "bytes_toserver": 4 * 54 + 11,
        "bytes_toclient": 3 * 54 + 11,
        "start": "2023-11-14T23:13:20.250000+0100",
        "end": "2023-11-14T22:13:20.350000+0000",
        "state": "closed",
    },
    "tcp": {"tcp_flags_ts": "1b", "tcp_flags_tc": "1b"},
}
VPC = "2 123456789012 eni-1 {} {} {} {} 6 {} {} 1700000000 1700000060 {} OK"


def eve(*events: object) -> bytes:
    return "".join(
        (event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events
    ).encode()


def vpc(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def test_read_eve__no_event__raises_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedLog):
        read_eve(write(tmp_path / "eve.json", b"{not json\n"))


def test_read_eve__bad_records__are_counted(tmp_path: Path) -> None:
    late = EVENT | {"flow": EVENT["flow"] | {"start": "yesterday"}}  # type: ignore[operator]
    content = eve(EVENT, "{broken", {"event_type": "alert"}, EVENT | {"src_ip": "?"}, late)
    batch = read_eve(write(tmp_path / "eve.json", content))
    assert batch.quarantine.counts == {"bad_json": 1, "bad_timestamp": 1, "no_address": 1}
    assert len(batch.flows) == 1


def test_open_source__eve_and_pcap_of_the_same_traffic__agree(tmp_path: Path) -> None:
    logged = open_source(write(tmp_path / "eve.json", eve(EVENT))).flows
    metered = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(TALK))).flows
    validate(logged)
    differing = ["raw_sha256", "source_kind", "byte_basis"]
    assert logged.drop(columns=differing).equals(metered.drop(columns=differing))
    assert list(logged["byte_basis"]) == ["l2"]


def test_read_vpc_log__field_missing__raises_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedLog, match="protocol"):
        read_vpc_log(write(tmp_path / "x", b"srcaddr dstaddr\n1.1.1.1 2.2.2.2\n"))


def test_read_vpc_log__bad_records__are_counted(tmp_path: Path) -> None:
    content = vpc(
        VPC.format("192.0.2.7", "198.51.100.1", 50_000, 22, 12, 2_300, "ACCEPT"),
        "2 1 eni-1 - - - - - - - 1700000000 1700000060 - NODATA",
        "2 1 eni-1 - - - - - - - 1700000000 1700000060 - SKIPDATA",
        "2 1 eni-1 broken",
        VPC.format("192.0.2.7", "nowhere", 1, 2, 3, 4, "ACCEPT"),
        VPC.format("192.0.2.7", "198.51.100.1", 1, 2, "x", 4, "ACCEPT"),
    )
    batch = open_source(write(tmp_path / "x", content))
    assert batch.quarantine.counts == {
        "bad_count": 1, "no_address": 1, "no_data": 1, "skip_data": 1, "wrong_field_count": 1,
    }  # fmt: skip
    assert len(batch.flows) == 1


def test_read_vpc_log__both_directions__are_one_flow(tmp_path: Path) -> None:
    content = vpc(
        VPC.format("198.51.100.1", "192.0.2.7", 22, 50_000, 11, 2_200, "ACCEPT"),
        VPC.format("192.0.2.7", "198.51.100.1", 50_000, 22, 12, 2_300, "ACCEPT"),
        VPC.format("192.0.2.9", "198.51.100.1", 50_000, 23, 1, 60, "REJECT"),
    )
    flow, refused = open_source(write(tmp_path / "x", content)).flows.itertuples()
    assert (flow.orig_h, flow.resp_h, flow.resp_p) == ("192.0.2.7", "198.51.100.1", 22)
    assert (flow.orig_pkts, flow.resp_pkts, flow.duration_us) == (12, 11, 60_000_000)
    assert (refused.conn_state, refused.resp_pkts) == ("REJ", 0)


def test_read_vpc_log__own_field_order__is_followed(tmp_path: Path) -> None:
    content = vpc(
        "dstaddr srcaddr protocol srcport dstport bytes packets end start tcp-flags",
        "198.51.100.1 192.0.2.7 6 50000 22 2300 12 1700000060 1700000000 3",
    )
    (flow,) = open_source(write(tmp_path / "x", content)).flows.itertuples()
    assert (flow.orig_h, flow.orig_ip_bytes, flow.orig_pkts) == ("192.0.2.7", 2_300, 12)
    assert flow.resp_pkts == MISSING


def test_read_parquet__column_missing_or_damaged__raises_malformed(tmp_path: Path) -> None:
    pd.DataFrame({"ts": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(MalformedLog, match="orig_h"):
        read_parquet(tmp_path / "x.parquet")
    with pytest.raises(MalformedLog):
        open_source(write(tmp_path / "y.parquet", b"PAR1" + bytes(50)))


def test_read_parquet__stored_flows__come_back(tmp_path: Path) -> None:
    flows = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(TALK))).flows
    flows.assign(label=1).to_parquet(tmp_path / "x.parquet")
    batch = open_source(tmp_path / "x.parquet")
    assert batch.flows.equals(flows)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_logs__damaged_bytes__never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(["eve", "vpc"]))
    line = VPC.format("192.0.2.7", "198.51.100.1", 50_000, 22, 12, 2_300, "ACCEPT")
    good = eve(EVENT, EVENT) if kind == "eve" else vpc(line, line)
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(len(good) // 2, len(good) - 1))] = data.draw(
            st.integers(0, 255)
        )
    path = write(tmp_path_factory.getbasetemp() / "fuzz.log", bytes(broken))
    validate((read_eve if kind == "eve" else read_vpc_log)(path).flows)
