"""Traffic made up for a short outage under a small flood, as every member sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oracles.settings import CommitteeSettings, FloodSettings, TimingSettings
from tests.support.captures import SYN, Packet, conversation, pcap_bytes
from tests.support.member_table import probe

HOST = "10.0.0.1"
TARGET = f"{HOST}:80"
SECONDS = 60
DOWN = range(20, 32)
"""Seconds of the recording in which no probe succeeds."""

COMMITTEE = CommitteeSettings(
    timing=TimingSettings(
        batch_allowance=3,
        probe_arrival=1,
        turn_delay=3,
        attest_patience=6,
        close_margin=4,
        heartbeat_frames=3,
    ),
    flood=FloodSettings(packets_per_s=200, bits_per_s=10_000_000, flows_per_s=200),
)


def probes(down: range) -> str:
    """Two probes a second that fail in ``down``."""
    times = [t / 2 for t in range(2 * SECONDS)]
    return "".join(probe(t, int(t) not in down, TARGET).to_line() + "\n" for t in times)


def benign() -> list[Packet]:
    """A connection each second."""
    found: list[Packet] = []
    for t in range(SECONDS):
        found += conversation(t + 0.1, ("10.1.0.9", 40_000 + t), (HOST, 80), b"GET /", b"200 OK")
    return found


def flood(seconds: range, per_second: int = 250) -> list[Packet]:
    """SYNs from one source port each."""
    return [
        Packet(t + i / per_second, ("10.2.0.7", 1_024 + i), (HOST, 80), SYN)
        for t in seconds
        for i in range(per_second)
    ]


def capture(folder: Path, name: str, packets: list[Packet]) -> Path:
    path = folder / name
    path.write_bytes(pcap_bytes(sorted(packets, key=lambda packet: packet.at)))
    return path


class ShortOutage:
    """The recordings of all places, re-based to the committee's base."""

    hosts = (HOST,)
    target = TARGET
    settings = COMMITTEE

    def prepare(self, folder: Path, base: int, members: int) -> None:
        """Writes the recordings."""
        self._base, self._blind = base, members - 1
        self._probes = folder / "probes.jsonl"
        self._probes.write_text(probes(DOWN))
        attack = range(DOWN.start - 3, DOWN.stop)
        self._hop = capture(folder, "hop.pcap", benign() + flood(attack))
        self._sensor = capture(folder, "sensor.pcap", benign() + flood(attack, 40))

    def probes(self, member: int) -> dict[str, Any]:
        return self._recording(self._probes)

    def upstream(self, member: int) -> dict[str, Any] | None:
        return None if member == self._blind else self._recording(self._hop)

    def sensor(self) -> dict[str, Any]:
        return self._recording(self._sensor)

    def _recording(self, path: Path) -> dict[str, Any]:
        return {"path": str(path), "recording_start_us": 0, "chain_base": self._base}
