"""What ordinary users of the insured host do, with the tools that they would use.

Runs inside a client's namespace. Each habit is a Poisson process with its own rate; the seed fixes
every choice, not the packets. Each tool has its own deadline.

    python -m scripts.lab.behaviour HABITS.json
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.lab.dns import ask
from scripts.lab.services import ACCOUNT, PAGES

NAMES = ("www", "mail", "api", "cdn", "login", "static", "img", "time")
MOST_AT_ONCE = 12


@dataclass(frozen=True)
class Habits:
    """One client's habits; rates are events per second, 0 for never."""

    server: str
    seconds: float
    seed: int
    web: float
    names: float
    logins: float
    typos: float
    downloads: float
    uploads: float
    key: str
    askpass: str
    mistyped: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


async def _tool(*argv: str, env: Mapping[str, str] | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        *("timeout", "-k", "1", "15", *argv),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
    )
    await process.wait()


async def _browse(habits: Habits, dice: random.Random) -> None:
    """One visit: one to three pages over one connection, one in twenty of them missing."""
    pages = [
        "missing" if dice.random() < 0.05 else f"page{min(int(dice.expovariate(0.2)), PAGES - 1)}"
        for _ in range(dice.randint(1, 3))
    ]
    urls = [f"http://{habits.server}/{page}" for page in pages]
    await _tool("curl", "-s", "--connect-timeout", "3", "-m", "8", *urls)


async def _download(habits: Habits, dice: random.Random) -> None:
    rate = f"{dice.randint(100, 300)}k"
    url = f"http://{habits.server}/bulk"
    await _tool("curl", "-s", "--connect-timeout", "3", "-m", "12", "--limit-rate", rate, url)


async def _upload(habits: Habits, dice: random.Random) -> None:
    size, rate = f"{dice.randint(80, 240)}K", f"{dice.randint(400, 900)}K"
    await _tool(
        *("iperf3", "-c", habits.server, "-n", size, "-b", rate, "--connect-timeout", "2000"),
        "--repeating-payload",
    )


async def _ask(habits: Habits, dice: random.Random) -> None:
    await ask(habits.server, dice.getrandbits(16), f"{dice.choice(NAMES)}.example.net")


def _ssh(habits: Habits, *options: str, command: str) -> tuple[str, ...]:
    return (
        *("ssh", "-F", "none", "-o", "StrictHostKeyChecking=no"),
        *("-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", *options),
        *(f"{ACCOUNT}@{habits.server}", command),
    )


def _with_password(path: str) -> dict[str, str]:
    return {"SSH_ASKPASS": path, "SSH_ASKPASS_REQUIRE": "force"}


async def _login(habits: Habits, dice: random.Random) -> None:
    """A piece of work on the host, by key or by password; most print some kB, some only a line."""
    lines = dice.choice((1, 150, 300, 500))
    command = f"seq -w 1 {lines} | sed 's/$/ done, nothing left to do here/'; "
    command += f"sleep {dice.uniform(0.5, 4.0):.1f}; date"
    if dice.random() < 0.5:
        await _tool(*_ssh(habits, "-i", habits.key, "-o", "BatchMode=yes", command=command))
    else:
        password = ("-o", "PubkeyAuthentication=no")
        await _tool(*_ssh(habits, *password, command=command), env=_with_password(habits.askpass))


async def _mistype(habits: Habits, dice: random.Random) -> None:
    """A password mistyped once, then typed well after a moment."""
    once = ("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1")
    await _tool(*_ssh(habits, *once, command="true"), env=_with_password(habits.mistyped))
    await asyncio.sleep(dice.uniform(1.0, 3.0))
    await _tool(*_ssh(habits, *once, command="date"), env=_with_password(habits.askpass))


async def _keep(
    rate: float,
    habit: Callable[[Habits, random.Random], Awaitable[None]],
    habits: Habits,
    dice: random.Random,
    room: asyncio.Semaphore,
) -> None:
    """Start a habit at Poisson times until the client's time is over; drop what finds no room."""
    clock = asyncio.get_running_loop().time
    end = clock() + habits.seconds
    running: set[asyncio.Task[None]] = set()

    async def bounded(own: random.Random) -> None:
        async with room:
            await habit(habits, own)

    while clock() + (pause := dice.expovariate(rate)) < end:
        await asyncio.sleep(pause)
        own = random.Random(dice.getrandbits(32))
        if not room.locked():
            task = asyncio.create_task(bounded(own))
            running.add(task)
            task.add_done_callback(running.discard)
    await asyncio.gather(*running)


async def behave(habits: Habits) -> None:
    """All habits of one client, until its time is over."""
    room = asyncio.Semaphore(MOST_AT_ONCE)
    rates = {
        _browse: habits.web,
        _ask: habits.names,
        _login: habits.logins,
        _mistype: habits.typos,
        _download: habits.downloads,
        _upload: habits.uploads,
    }
    await asyncio.gather(
        *(
            _keep(rate, habit, habits, random.Random(habits.seed * 16 + number), room)
            for number, (habit, rate) in enumerate(rates.items())
            if rate > 0
        )
    )


if __name__ == "__main__":
    asyncio.run(behave(Habits(**json.loads(Path(sys.argv[1]).read_text()))))
