"""The network of a drill: every member in a network namespace of its own, which can be cut off.

Each member has two wires to the drill's own namespace: one to the bridge on which members and
sensor talk, one to the chain's node. A partition moves the first to another bridge, so that each
side goes on talking to itself; to cut a member off takes down both. Nothing here reaches the
machine's own network, because the drill itself runs in a namespace without a way out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from types import TracebackType
from typing import Final, Self

from scripts.lab.netns import PREFIX, LabError, remove_abandoned

INSIDE: Final = "FLOWCOVER_DRILL_NETWORK"
"""Set in the environment of a drill that has a namespace of its own."""
PORT: Final = 8_000
"""On which each member listens in its namespace."""
NODE: Final = "10.98.0.254"
"""The chain's node, as members reach it."""
_PEERS, _ISLAND, _CHAIN = "peers", "island", "chain"


def enter(module: str, argv: list[str]) -> int | None:
    """Runs the module again in a new network namespace and gives its exit code; None when this
    process is in one already. Raises LabError when not allowed to."""
    if os.environ.get(INSIDE):
        return None
    if os.geteuid() != 0:
        raise LabError("network namespaces need root")
    command = ["unshare", "--net", sys.executable, "-m", module, *argv]
    return subprocess.run(command, env=os.environ | {INSIDE: "1"}, check=False).returncode


def run(*argv: str) -> None:
    """Runs a command; raises LabError with what it says when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")


class Wires:
    """The namespaces of ``members``, made on entering and removed on leaving."""

    def __init__(self, members: int) -> None:
        self._members = members

    def __enter__(self) -> Self:
        if not os.environ.get(INSIDE):
            raise LabError("a drill's network is made in a namespace of its own only")
        remove_abandoned()
        run("ip", "link", "set", "lo", "up")
        for bridge, address in ((_PEERS, self._peer(253)), (_CHAIN, NODE), (_ISLAND, None)):
            run("ip", "link", "add", bridge, "type", "bridge")
            if address:
                run("ip", "addr", "add", f"{address}/24", "dev", bridge)
            run("ip", "link", "set", bridge, "up")
        for i in range(self._members):  # named so that a later run removes what a killed one left
            run("ip", "netns", "add", self._namespace(i))
            run("ip", "-n", self._namespace(i), "link", "set", "lo", "up")
            self._wire(i, _PEERS, self._peer(i))
            self._wire(i, _CHAIN, f"10.98.0.{i + 1}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for i in range(self._members):
            run("ip", "netns", "del", self._namespace(i))
        for bridge in (_PEERS, _CHAIN, _ISLAND):
            run("ip", "link", "del", bridge)

    def _wire(self, i: int, bridge: str, address: str) -> None:
        namespace, ours = self._namespace(i), f"{bridge}{i}"
        run(
            *("ip", "link", "add", ours, "type", "veth"),
            *("peer", "name", f"to-{bridge}", "netns", namespace),
        )
        run("ip", "link", "set", ours, "master", bridge, "up")
        run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", f"to-{bridge}")
        run("ip", "-n", namespace, "link", "set", f"to-{bridge}", "up")

    def _namespace(self, i: int) -> str:
        return f"{PREFIX}{os.getpid()}-m{i}"

    @staticmethod
    def _peer(i: int) -> str:
        return f"10.99.0.{i + 1}"

    def peer_url(self, i: int) -> str:
        """Where other members and the sensor reach member i."""
        return f"http://{self._peer(i)}:{PORT}"

    def own_url(self, i: int) -> str:
        """Where the drill itself reaches member i, also during a partition."""
        return f"http://10.98.0.{i + 1}:{PORT}"

    def inside(self, i: int) -> list[str]:
        """What a command begins with that is to run at member i; it keeps the process's id."""
        return ["ip", "netns", "exec", self._namespace(i)]

    def part(self, members: Collection[int]) -> None:
        """These members reach each other and the chain, but neither the others nor the sensor."""
        for i in members:
            run("ip", "link", "set", f"{_PEERS}{i}", "master", _ISLAND)

    def cut(self, members: Collection[int]) -> None:
        """These members reach nobody, nor the chain."""
        for i in members:
            for bridge in (_PEERS, _CHAIN):
                run("ip", "link", "set", f"{bridge}{i}", "down")

    def heal(self, members: Collection[int]) -> None:
        """These members reach everybody again."""
        for i in members:
            for bridge in (_PEERS, _CHAIN):
                run("ip", "link", "set", f"{bridge}{i}", "master", bridge, "up")
