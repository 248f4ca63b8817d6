"""From a window's close to the quorum's report on chain, in real time
(``python -m scripts.bench.quorum_delay``); changes when the way of measuring it does.

Four member processes, a sensor and a Ganache that mines twice a second, all on this machine. A
frame closes when the chain's clock passes its end; the report counts from the moment at which its
block is seen. Prints one JSON object and keeps it in reports/ for the page of speeds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from scripts.committee.local_chain import ROOT, LocalChain, local_chain
from scripts.committee.processes import Committee
from scripts.committee.traffic import LiveTraffic
from scripts.committee_faults import PARAMETERS, system

KEPT: Final = ROOT / "reports" / "quorum-delay.json"
BLOCK_S: Final = 0.5
POLL_S: Final = 0.02
WARM_UP: Final = 2  # frames that are not counted
MEMBERS: Final = 4


class Watch:
    """When each block was first seen, in the chain's own seconds; ``offset`` is how far the chain's
    clock is ahead of this machine's."""

    def __init__(self, chain: LocalChain, offset: float) -> None:
        self._chain, self._offset = chain, offset
        self.seen: dict[int, float] = {}

    def now(self) -> float:
        """The chain's clock between blocks."""
        return time.time() + self._offset

    def until(self, second: float, traffic: LiveTraffic) -> None:
        """Looks for blocks, and lets the traffic go on, until the chain's clock says ``second``."""
        while self.now() < second:
            self.seen.setdefault(self._chain.web3.eth.block_number, self.now())
            traffic.advance(int(self.now()))
            time.sleep(POLL_S)


def measure(frames: int) -> list[float]:
    """Seconds from each frame's end to the block of its report."""
    folder = Path(tempfile.mkdtemp(prefix="flowcover-delay-"))
    traffic = LiveTraffic(MEMBERS)
    length = PARAMETERS.frame_length
    with local_chain(BLOCK_S) as chain:
        one = Committee(chain, system(chain), folder, MEMBERS, traffic)
        try:
            one.establish()
            one.prepare()
            one.start()
            # Ganache adds whole seconds to its clock, so the offset is exact
            ahead = max(0, one.base - chain.now())
            chain.rpc("evm_increaseTime", ahead)
            watch = Watch(chain, float(ahead))
            first = int(watch.now()) // length + 1 + WARM_UP
            watch.until((first + frames) * length + 8, traffic)
            logs = one.contract("RiskFeed").events.ScoresReported.get_logs(from_block=0)
        finally:
            one.end()
            shutil.rmtree(folder, ignore_errors=True)
    return [
        watch.seen[log["blockNumber"]] - (log["args"]["frame"] + 1) * length
        for log in logs
        if first <= log["args"]["frame"] < first + frames and log["blockNumber"] in watch.seen
    ]


def main() -> int:
    """Measures, prints and keeps the figures; 1 when no frame was reported."""
    parser = argparse.ArgumentParser(description="Delay from a window's close to its report")
    parser.add_argument("--frames", type=int, default=15)
    frames = parser.parse_args().frames
    delays = measure(frames)
    if not delays:
        print("quorum_delay: no frame was reported", file=sys.stderr)
        return 1
    figures = {
        "frames": frames,
        "reported": len(delays),
        "p50_s": round(float(np.quantile(delays, 0.5)), 2),
        "p95_s": round(float(np.quantile(delays, 0.95)), 2),
        "longest_s": round(max(delays), 2),
        "block_s": BLOCK_S,
    }
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(figures))
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
