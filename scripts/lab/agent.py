"""Starts the events of one host at their times, from inside its namespace.

    python -m scripts.lab.agent EVENTS.json START

EVENTS.json is a list of [at, argv, limit, env]; START is in seconds since the epoch. An event that
finds MOST_AT_ONCE others still running is dropped.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.lab.schedule import Event

MOST_AT_ONCE = 24


def dump(events: Iterable[Event]) -> str:
    return json.dumps([[event.at, event.argv, event.limit, dict(event.env)] for event in events])


async def _start(argv: list[str], limit: float, env: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *("timeout", "-k", "1", f"{limit:.1f}", *argv),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **env},
    )
    await process.wait()


async def play(events: list[tuple[float, list[str], float, dict[str, str]]], start: float) -> None:
    running: set[asyncio.Task[None]] = set()
    for at, argv, limit, env in events:
        await asyncio.sleep(max(0.0, start + at - time.time()))
        if len(running) < MOST_AT_ONCE:
            task = asyncio.create_task(_start(argv, limit, env))
            running.add(task)
            task.add_done_callback(running.discard)
    await asyncio.gather(*running)


if __name__ == "__main__":
    asyncio.run(play(json.loads(Path(sys.argv[1]).read_text()), float(sys.argv[2])))
