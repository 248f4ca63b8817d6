"""Features and scores are the same integers by every way from the same packets."""

from __future__ import annotations

from pathlib import Path

from oracles.model.datasets import RECORDINGS
from oracles.traffic.pcap import read_pcap
from scripts.bench.same_integers import ways


def test_ways__shipped_capture__one_hash(tmp_path: Path) -> None:
    captures = sorted(RECORDINGS.glob("demo/*.pcap.xz"), key=lambda path: path.stat().st_size)
    capture = next(path for path in captures if len(read_pcap(path).flows) > 200)
    found = dict(ways(capture, tmp_path))
    assert len(found) == 6
    assert len(set(found.values())) == 1, found
    assert "(0 windows)" not in found["packets"]
