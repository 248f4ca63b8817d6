"""Named points at which a test may kill the process: the crash table's hooks.

In service every hook is a dictionary look-up that finds nothing. A point is armed by the variable
FLOWCOVER_CRASH_AT=<name>[:<n>]: the n-th time (1 by default) that the point is reached the process
kills itself with SIGKILL, after it has left a line in FLOWCOVER_CRASH_LOG.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

POINTS = frozenset(
    {
        "outbox.enqueued",
        "outbox.simulated",
        "outbox.signed_not_stored",
        "outbox.signed_stored",
        "outbox.sent_not_stored",
        "outbox.sent_stored",
        "outbox.bump_stored",
        "outbox.receipt_not_stored",
        "outbox.mined_stored",
        "outbox.final_stored",
        "indexer.logs_read",
        "indexer.range_not_committed",
        "indexer.range_committed",
        "indexer.rewind_not_committed",
        "indexer.rewind_committed",
        "sale.gathered_not_stored",
        "sale.stored_not_answered",
        "bordereau.planned",
        "job.asked",
        "job.queued",
    }
)


class Faults:
    """Counts the points that were reached and dies at the armed one."""

    def __init__(self, armed: str | None, log: Path | None) -> None:
        name, _, count = (armed or "").partition(":")
        if name and name not in POINTS:
            raise ValueError(f"no such crash point: {name}")
        self._left = {name: int(count or 1)} if name else {}
        self._log = log

    @classmethod
    def from_environment(cls) -> Faults:
        log = os.environ.get("FLOWCOVER_CRASH_LOG")
        return cls(os.environ.get("FLOWCOVER_CRASH_AT"), Path(log) if log else None)

    def reached(self, name: str) -> None:
        left = self._left.get(name)
        if left is None:
            return
        if left > 1:
            self._left[name] = left - 1
            return
        if self._log is not None:
            with self._log.open("a") as file:
                file.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)
