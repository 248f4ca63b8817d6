"""Traffic that goes on as long as chain time does: probes written as they would be made, and a
sensor's flows made beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracles.domain.flow import build
from oracles.domain.incident import MICROS
from oracles.settings import CommitteeSettings, TimingSettings

HOST = "10.0.0.1"
HOUR = 3_600


class LiveTraffic:
    """Two probes a second from each of ``members`` vantage points; ``skew`` shifts the clock of a
    vantage point, in seconds."""

    hosts: tuple[str, ...] = (HOST,)
    target = f"{HOST}:80"
    settings = CommitteeSettings(
        timing=TimingSettings(
            batch_allowance=3,
            probe_arrival=1,
            turn_delay=4,  # two steps of the drills, so that two members in line never meet
            attest_patience=4,
            close_margin=4,
            heartbeat_frames=1,
            # chain time runs faster than the clock by which grace is waited for
            grace_ms=0,
        )
    )

    def __init__(self, members: int) -> None:
        self.skew = dict.fromkeys(range(members), 0)
        self._down: list[range] = []
        self._files: list[Path] = []
        self._written = 0

    def prepare(self, folder: Path, base: int, members: int) -> None:
        """See Traffic."""
        self._written = base
        self._files = [folder / f"probes{i}.jsonl" for i in range(members)]
        self._flows = folder / "sensor.parquet"
        times = [(base + t) * MICROS for t in range(4 * HOUR)]
        count = len(times)
        flows = build(
            {
                "ts": times,
                "duration_us": [1_000] * count,
                "orig_h": ["10.1.0.9"] * count,
                "resp_h": [HOST] * count,
                "orig_p": [1_024 + i % 60_000 for i in range(count)],
                "resp_p": [80] * count,
                "proto": ["tcp"] * count,
                "orig_pkts": [5] * count,
                "resp_pkts": [5] * count,
                "orig_ip_bytes": [400] * count,
                "resp_ip_bytes": [4_000] * count,
                "conn_state": ["SF"] * count,
            }
        )
        flows.to_parquet(self._flows, index=False)

    def probes(self, member: int) -> dict[str, Any]:
        """See Traffic."""
        return {"path": str(self._files[member])}

    def upstream(self, member: int) -> dict[str, Any] | None:
        """Nobody sees flows from outside."""
        return None

    def sensor(self) -> dict[str, Any]:
        """See Traffic."""
        return {"path": str(self._flows)}

    def lose(self, seconds: range) -> None:
        """No probe in these seconds of chain time will succeed."""
        self._down.append(seconds)

    def advance(self, now: int) -> None:
        """Writes the probes up to second ``now``."""
        for member, path in enumerate(self._files):
            with path.open("a", encoding="utf-8") as file:
                for second in range(self._written, now):
                    for half in (0, MICROS // 2):
                        file.write(self._line(member, second, half) + "\n")
        self._written = max(self._written, now)

    def _line(self, member: int, second: int, micros: int) -> str:
        ok = not any(second in seconds for seconds in self._down)
        return json.dumps(
            {
                "ts": (second + self.skew[member]) * MICROS + micros,
                "vantage": f"out{member}",
                "target": self.target,
                "kind": "http",
                "ok": ok,
                "latency_us": 900 if ok else None,
                "error": None if ok else "timeout",
            }
        )
