"""A shipped capture by this meter, by nfstream and by argus; `make flow-meter` compares more."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from oracles.model.datasets import RECORDINGS
from scripts.bench.flow_check import NFSTREAM, Counts, argus_packets, nfstream_counts, our_counts
from tests.support.captures import conversation, pcap_bytes, write


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest shipped capture, unpacked."""
    packed = min(RECORDINGS.rglob("*.pcap.xz"), key=lambda path: path.stat().st_size)
    folder = tmp_path_factory.mktemp("flow-meter")
    return write(folder / "shipped.pcap", lzma.decompress(packed.read_bytes()))


def test_our_counts__one_conversation__every_packet_and_ip_byte(tmp_path: Path) -> None:
    talk = conversation(1_700_000_000, ("192.0.2.7", 5), ("198.51.100.1", 22), b"abc", b"de")
    path = write(tmp_path / "x.pcap", pcap_bytes(talk))
    assert our_counts(path) == Counts(1, len(talk), 40 * len(talk) + 5)


def test_meter__shipped_capture__as_nfstream_counts_it(capture: Path) -> None:
    if not NFSTREAM.exists():
        pytest.skip("nfstream is not set up: run `make flow-meter`")
    assert our_counts(capture) == nfstream_counts(NFSTREAM, capture)


def test_meter__shipped_capture__packets_as_argus_counts_them(capture: Path) -> None:
    packets = argus_packets(capture)
    if packets is None:
        pytest.skip("argus is not installed: Debian's argus-server and argus-client")
    assert our_counts(capture).packets == packets
