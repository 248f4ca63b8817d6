"""Captures to flows: what is refused, what is counted, and what the flows say."""

from __future__ import annotations

import gzip
import lzma
import struct
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.domain.flow import validate
from oracles.traffic.errors import MalformedCapture, UnsupportedSource
from oracles.traffic.meter import MeterSettings
from oracles.traffic.pcap import read_pcap
from oracles.traffic.sources import open_source
from tests.support.captures import (
    ACK,
    FIN,
    RST,
    SYN,
    Packet,
    conversation,
    pcap_bytes,
    pcapng_bytes,
    write,
)

CLIENT, SERVER = ("192.0.2.7", 50_000), ("198.51.100.1", 22)
TALK = conversation(1_700_000_000.25, CLIENT, SERVER, b"SSH-2.0-a\r\n", b"SSH-2.0-b\r\n")


def test_read_pcap__not_a_capture__raises_malformed(tmp_path: Path) -> None:
    for content in (b"", b"\xd4\xc3\xb2\xa1", b"hello, this is no capture at all"):
        with pytest.raises(MalformedCapture):
            read_pcap(write(tmp_path / "x.pcap", content))


def test_read_pcap__corrupt_compression_header__raises_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedCapture):
        read_pcap(write(tmp_path / "x.pcap.xz", b"\xfd7zXZ\x00" + bytes(40)))


def test_read_pcap__cut_in_the_last_record__keeps_the_rest_and_counts(tmp_path: Path) -> None:
    batch = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(TALK)[:-5]))
    assert batch.quarantine.counts == {"truncated_file": 1}
    assert batch.flows["orig_pkts"].sum() + batch.flows["resp_pkts"].sum() == len(TALK) - 1


def test_read_pcap__cut_compressed_stream__keeps_the_rest_and_counts(tmp_path: Path) -> None:
    many = [p for n in range(2000) for p in conversation(n, ("192.0.2.7", 1024 + n), SERVER)]
    content = lzma.compress(pcap_bytes(many))
    batch = read_pcap(write(tmp_path / "x.pcap.xz", content[: len(content) // 2]))
    assert batch.quarantine.counts["truncated_file"] >= 1


def test_read_pcap__absurd_record_length__counts_and_stops(tmp_path: Path) -> None:
    content = pcap_bytes(TALK) + struct.pack("<IIII", 0, 0, 0x7FFF_FFFF, 0) + bytes(99)
    batch = read_pcap(write(tmp_path / "x.pcap", content))
    assert batch.quarantine.counts == {"corrupt_record": 1}
    assert len(batch.flows) == 1


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (bytes(12) + b"\x08\x06" + bytes(28), "not_ip"),
        (bytes(12) + b"\x08\x00" + b"\x45" + bytes(7), "truncated_packet"),
        (bytes(12) + b"\x08\x00" + b"\x65" + bytes(40), "bad_ip_header"),
        (bytes(12) + b"\x08\x00" + b"\x41" + bytes(40), "bad_ip_header"),
    ],
)
def test_read_pcap__bad_packet__is_counted_with_its_reason(
    tmp_path: Path, frame: bytes, reason: str
) -> None:
    record = struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
    batch = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(TALK) + record))
    assert batch.quarantine.counts == {reason: 1}
    assert len(batch.flows) == 1


def test_read_pcap__connection__is_one_flow_in_the_schema(tmp_path: Path) -> None:
    batch = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(TALK)))
    validate(batch.flows)
    row = batch.flows.iloc[0]
    assert (row.orig_h, row.orig_p, row.resp_h, row.resp_p) == (*CLIENT, *SERVER)
    assert (row.proto, row.service, row.conn_state) == ("tcp", "ssh", "SF")
    assert (row.ts, row.duration_us) == (1_700_000_000_250_000, 100_000)
    assert (row.orig_pkts, row.resp_pkts) == (4, 3)
    assert (row.orig_ip_bytes, row.resp_ip_bytes) == (4 * 40 + 11, 3 * 40 + 11)


@pytest.mark.parametrize("name", ["xz", "gz", "zst", "pcapng", "pcapng-ns"])
def test_read_pcap__other_container__gives_the_same_flows(tmp_path: Path, name: str) -> None:
    plain = pcap_bytes(TALK)
    content = {
        "xz": lzma.compress(plain),
        "gz": gzip.compress(plain),
        "zst": pa.compress(plain, codec="zstd", asbytes=True),
        "pcapng": pcapng_bytes(TALK),
        "pcapng-ns": pcapng_bytes(TALK, nanoseconds=True),
    }[name]
    expected = read_pcap(write(tmp_path / "plain", plain)).flows
    found = open_source(write(tmp_path / "other", content)).flows
    assert found.drop(columns="raw_sha256").equals(expected.drop(columns="raw_sha256"))


def test_read_pcap__ipv6_and_vlan__are_read(tmp_path: Path) -> None:
    six = Packet(1, ("2001:db8::1", 5000), ("2001:db8::2", 53), data=b"x" * 20, proto="udp")
    frame = Packet(2, CLIENT, SERVER, SYN).ethernet()
    tagged = frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    record = struct.pack("<IIII", 2, 0, len(tagged), len(tagged)) + tagged
    flows = read_pcap(write(tmp_path / "x.pcap", pcap_bytes([six]) + record)).flows
    assert list(flows["orig_h"]) == ["2001:db8::1", CLIENT[0]]
    assert list(flows["orig_ip_bytes"]) == [40 + 8 + 20, 40]


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([(0, SYN)], "S0"),
        ([(0, SYN), (1, RST | ACK)], "REJ"),
        ([(0, SYN), (1, SYN | ACK), (0, ACK)], "S1"),
        ([(0, SYN), (1, SYN | ACK), (0, FIN | ACK)], "S2"),
        ([(0, SYN), (1, SYN | ACK), (1, FIN | ACK)], "S3"),
        ([(0, SYN), (1, SYN | ACK), (0, FIN | ACK), (1, FIN | ACK)], "SF"),
        ([(0, SYN), (1, SYN | ACK), (0, RST)], "RSTO"),
        ([(0, SYN), (1, SYN | ACK), (1, RST)], "RSTR"),
        ([(0, SYN), (0, RST)], "RSTOS0"),
        ([(0, SYN), (0, FIN)], "SH"),
        ([(1, SYN | ACK), (1, RST)], "RSTRH"),
        ([(1, SYN | ACK), (1, FIN)], "SHR"),
        ([(0, ACK), (1, ACK)], "OTH"),
    ],
)
def test_conn_state__flags_of_both_sides__follow_zeeks_table(
    tmp_path: Path, steps: list[tuple[int, int]], state: str
) -> None:
    ends = (CLIENT, SERVER)
    packets = [
        Packet(n, ends[side], ends[1 - side], flags) for n, (side, flags) in enumerate(steps)
    ]
    flows = read_pcap(write(tmp_path / "x.pcap", pcap_bytes(packets))).flows
    assert list(flows["conn_state"]) == [state]
    assert list(flows["orig_h"]) == [CLIENT[0]]


def test_meter__idle_longer_than_the_timeout__begins_another_flow(tmp_path: Path) -> None:
    packets = [Packet(at, CLIENT, SERVER, data=b"x", proto="udp") for at in (0, 10, 21)]
    path = write(tmp_path / "x.pcap", pcap_bytes(packets))
    flows = read_pcap(path, MeterSettings(udp_idle_us=10_000_000)).flows
    assert list(flows["orig_pkts"]) == [2, 1]


def test_meter__syn_after_close__begins_another_flow(tmp_path: Path) -> None:
    again = conversation(2, CLIENT, SERVER)
    flows = read_pcap(
        write(tmp_path / "x.pcap", pcap_bytes(conversation(1, CLIENT, SERVER) + again))
    )
    assert list(flows.flows["orig_pkts"]) == [4, 4]


def test_meter__packets_out_of_order__give_the_same_flows(tmp_path: Path) -> None:
    forward = read_pcap(write(tmp_path / "a.pcap", pcap_bytes(TALK))).flows
    backward = read_pcap(write(tmp_path / "b.pcap", pcap_bytes(reversed(TALK)))).flows
    assert forward.drop(columns="raw_sha256").equals(backward.drop(columns="raw_sha256"))


def test_open_source__unknown_content__is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedSource):
        open_source(write(tmp_path / "x", b"some text\n"))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_read_pcap__any_bytes_behind_a_header__never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    good = data.draw(st.sampled_from([pcap_bytes(TALK), pcapng_bytes(TALK)]))
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 12))):
        broken[data.draw(st.integers(24, len(good) - 1))] = data.draw(st.integers(0, 255))
    path = write(tmp_path_factory.getbasetemp() / "fuzz.pcap", bytes(broken))
    validate(read_pcap(path).flows)
