"""The faults of the drills, and a committee whose members can be cut off from each other."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.committee.local_chain import free_port
from scripts.committee.processes import Committee
from scripts.committee.traffic import LiveTraffic

SKEW_S = 180
SETTLE_S = 0.3


class Gates:
    """TCP forwarders, one for each ordered pair of members, that can be shut for a member."""

    def __init__(self) -> None:
        self.shut: set[int] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, source: int, target: int, target_port: int) -> int:
        """A port through which ``source`` reaches ``target``."""
        port = free_port()

        async def serve() -> None:
            async def handle(r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
                await self._forward(source, target, target_port, r, w)

            await asyncio.start_server(handle, "127.0.0.1", port)

        asyncio.run_coroutine_threadsafe(serve(), self._loop).result(10)
        return port

    async def _forward(
        self,
        source: int,
        target: int,
        target_port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if {source, target} & self.shut:
            writer.close()
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            self._pipe(source, target, reader, forth), self._pipe(source, target, back, writer)
        )

    async def _pipe(
        self, source: int, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if {source, target} & self.shut:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()

    def close(self) -> None:
        """Ends all forwarders."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


@dataclass
class GatedCommittee(Committee):
    """A committee whose members reach each other through gates; ``faulty`` have the fault now."""

    faulty: set[int] = field(default_factory=set)
    _gates: Gates = field(default_factory=Gates)
    _doors: dict[tuple[int, int], int] = field(default_factory=dict)
    _stutter: tuple[threading.Thread, threading.Event] | None = None

    def peer_url(self, i: int, j: int) -> str:
        """Through the gate from i to j."""
        if (i, j) not in self._doors:
            self._doors[i, j] = self._gates.open(i, j, self.ports[j])
        return f"http://127.0.0.1:{self._doors[i, j]}"

    def close_gates(self) -> None:
        """Ends the gates."""
        self._gates.close()

    def choose(self, fault: Fault) -> None:
        """Picks the members that get the fault: f, or f + 1 where it is not to be tolerated."""
        f = (self.n - 1) // 3
        self.faulty = set(range(f if fault.tolerated else f + 1))

    def waited_for(self) -> list[str]:
        """Only the members without the fault."""
        faulty = {f"m{i}" for i in self.faulty}
        return [name for name in super().waited_for() if name not in faulty]

    def follow(self, traffic: LiveTraffic, until: int) -> None:
        """Lets chain time and traffic go on to second ``until``, two seconds a step."""
        while self.chain.now() < until:
            now = self.chain.pass_time(2)
            traffic.advance(now)
            self.caught_up()
            # what the cycles said is heard and acted upon before it is the next one's turn
            time.sleep(SETTLE_S)

    def lost_between(self, first: int) -> set[int]:
        """Slots from ``first`` on that the chain's quorum calls lost."""
        registry = self.contract("IncidentRegistry")
        last = self.chain.now() // self.deployment.parameters.slot_length
        found = set()
        for epoch in range(first // 64, last // 64 + 1):
            mask = registry.functions.masks(self.risk, epoch).call()[0]
            found |= {epoch * 64 + bit for bit in range(64) if mask >> bit & 1}
        return {slot for slot in found if slot >= first}

    # ---- what faults do

    def behave(self, behaviour: str) -> None:
        """Restarts the faulty members with another behaviour."""
        for i in self.faulty:
            self.stop_and_configure(i, behaviour)
        self.start(*(f"m{i}" for i in self.faulty))

    def stop_and_configure(self, i: int, behaviour: str) -> None:
        """Ends a member and writes its settings anew."""
        if f"m{i}" in self.running:
            self.kill(f"m{i}")
        self.configure(i, behaviour)

    def cut_off(self) -> None:
        """Shuts the gates of the faulty members."""
        self._gates.shut = set(self.faulty)

    def join(self) -> None:
        """Opens all gates."""
        self._gates.shut = set()

    def stutter(self) -> None:
        """Stops the faulty members' processes for two of three seconds, until ``flow``."""
        over = threading.Event()
        processes = [self.running[f"m{i}"] for i in self.faulty]

        def run() -> None:
            while not over.is_set():
                for process in processes:
                    process.send_signal(signal.SIGSTOP)
                over.wait(2.0)
                for process in processes:
                    process.send_signal(signal.SIGCONT)
                time.sleep(1.0)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._stutter = (thread, over)

    def flow(self) -> None:
        """Ends ``stutter``."""
        if self._stutter is not None:
            thread, over = self._stutter
            over.set()
            thread.join()
            self._stutter = None


@dataclass(frozen=True)
class Fault:
    """One fault: what begins it and what ends it. ``tolerated`` says whether f members have it or
    f + 1, ``stops`` whether nothing may be reported then."""

    name: str
    begin: Callable[[GatedCommittee], None]
    end: Callable[[GatedCommittee], None]
    tolerated: bool = True
    stops: bool = False


def nothing(_: GatedCommittee) -> None:
    """No fault, no healing."""


def crash(one: GatedCommittee) -> None:
    """Kills the faulty members."""
    for i in one.faulty:
        one.kill(f"m{i}")


def restart(one: GatedCommittee) -> None:
    """Starts the faulty members again, honest."""
    one.behave("honest")


def behaving(behaviour: str) -> Callable[[GatedCommittee], None]:
    """Restarts the faulty members with a behaviour."""
    return lambda one: one.behave(behaviour)


def skewing(traffic: LiveTraffic, seconds: int) -> Callable[[GatedCommittee], None]:
    """Shifts the clocks of the faulty members' probes."""

    def shift(one: GatedCommittee) -> None:
        for i in one.faulty:
            traffic.skew[i] = seconds

    return shift


def faults(traffic: LiveTraffic) -> list[Fault]:
    """Every fault of the matrix."""
    lies = ("lie", "lie-high", "lie-low", "lie-random", "equivocate", "replay")
    return [
        Fault("none", nothing, nothing),
        Fault("crash", crash, restart),
        *(Fault(lie, behaving(lie), restart) for lie in lies),
        Fault("slow", GatedCommittee.stutter, GatedCommittee.flow),
        Fault("partition", GatedCommittee.cut_off, GatedCommittee.join),
        Fault("skew", skewing(traffic, SKEW_S), skewing(traffic, 0)),
        Fault("crash (f + 1)", crash, restart, tolerated=False, stops=True),
        Fault("lie-high (f + 1)", behaving("lie-high"), restart, tolerated=False),
    ]
