"""The faults of the drills, and a committee whose members can be cut off from each other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.committee.local_chain import wait_until
from scripts.committee.processes import Committee
from scripts.committee.traffic import LiveTraffic
from scripts.committee.wires import PORT, Wires

SKEW_S = 180
PATIENCE_S = 10.0
"""How long a drill waits for a chain at rest."""
STEP_S = 2
"""Of a drill, in seconds of the chain."""


@dataclass
class WiredCommittee(Committee):
    """A committee whose members live in namespaces; ``faulty`` have or had the fault, which is over
    once ``healed``."""

    wires: Wires = field(kw_only=True)
    faulty: set[int] = field(default_factory=set)
    healed: bool = True
    paced: bool = False
    _stutter: tuple[threading.Thread, threading.Event] | None = None

    def place(self) -> None:
        """See Committee."""
        self.host = "0.0.0.0"  # of a namespace
        self.ports = [PORT for _ in self.keys]
        self.urls = [self.wires.peer_url(i) for i in range(self.n)]

    def url(self, name: str) -> str:
        """See Committee."""
        return self.wires.own_url(int(name[1:]))

    def inside(self, name: str) -> list[str]:
        """See Committee."""
        return [] if name == "sensor" else self.wires.inside(int(name[1:]))

    def choose(self, fault: Fault) -> None:
        """Picks the members that get the fault: f, or f + 1 where it is not to be tolerated."""
        f = (self.n - 1) // 3
        self.faulty = set(range(f if fault.tolerated else f + 1))
        self.healed, self.paced = False, fault.acts

    def waited_for(self) -> list[str]:
        """Only the members without the fault, as long as it lasts."""
        faulty = set() if self.healed else {f"m{i}" for i in self.faulty}
        return [name for name in super().waited_for() if name not in faulty]

    def follow(self, traffic: LiveTraffic, until: int) -> None:
        """Lets chain time and traffic go on to second ``until``, step by step.

        Nobody waits for the faulty. As long as they act, steps last what they would on a chain, so
        that those are no slower than their fault makes them and have their turns.
        """
        while self.chain.now() < until:
            if self.paced and not self.healed:
                time.sleep(STEP_S)
                now = self.chain.pass_time(0)
            else:
                now = self.chain.pass_time(STEP_S)
            traffic.advance(now)
            self.caught_up()
            self.quiet()

    def quiet(self) -> None:
        """Waits until every member that is waited for has given its words to the others of them,
        has acted upon what it heard, and has seen the newest block. Liars that send all the time
        never let it come to that: then what was heard and mined at the beginning is enough."""
        names = self.waited_for()
        others = [self.urls[int(name[1:])] for name in names]
        patience = time.monotonic() + PATIENCE_S
        before: dict[str, tuple[int, int]] = {}

        def settled() -> bool:
            block = self.chain.web3.eth.block_number
            pages = {name: page for name in names if (page := self.health(name)) is not None}
            if len(pages) < len(names):
                return False
            for name, page in pages.items():
                before.setdefault(name, (block, page["heard"]))
            if time.monotonic() > patience and all(
                page["block"] >= before[name][0] and page["acted_on"] >= before[name][1]
                for name, page in pages.items()
            ):
                return True
            still = all(
                page["block"] >= block
                and page["acted_on"] >= page["heard"]
                and not any(page["undelivered"].get(url) for url in others)
                for page in pages.values()
            )
            return still and bool(self.chain.web3.eth.block_number == block)

        wait_until("quiet", settled, 180)

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

    def part(self) -> None:
        """Parts the faulty members from the others and the sensor."""
        self.wires.part(self.faulty)

    def cut_off(self) -> None:
        """Takes the faulty members' wires down."""
        self.wires.cut(self.faulty)

    def join(self) -> None:
        """Ends both."""
        self.wires.heal(self.faulty)

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
    f + 1, ``stops`` whether nothing may be reported then, ``acts`` whether the faulty go on taking
    part with the others, ``races`` whether they send out of turn, so that an honest member's
    transaction may come second."""

    name: str
    begin: Callable[[WiredCommittee], None]
    end: Callable[[WiredCommittee], None]
    tolerated: bool = True
    stops: bool = False
    acts: bool = False
    races: bool = False


def nothing(_: WiredCommittee) -> None:
    """No fault, no healing."""


def crash(one: WiredCommittee) -> None:
    """Kills the faulty members."""
    for i in one.faulty:
        one.kill(f"m{i}")


def restart(one: WiredCommittee) -> None:
    """Starts the faulty members again, honest."""
    one.behave("honest")


def behaving(behaviour: str) -> Callable[[WiredCommittee], None]:
    """Restarts the faulty members with a behaviour."""
    return lambda one: one.behave(behaviour)


def skewing(traffic: LiveTraffic, seconds: int) -> Callable[[WiredCommittee], None]:
    """Shifts the clocks of the faulty members' probes."""

    def shift(one: WiredCommittee) -> None:
        for i in one.faulty:
            traffic.skew[i] = seconds

    return shift


def faults(traffic: LiveTraffic) -> list[Fault]:
    """Every fault of the matrix."""
    lies = ("lie-high", "lie-low", "lie-random", "equivocate", "replay")
    return [
        Fault("none", nothing, nothing),
        Fault("crash", crash, restart),
        Fault("lie", behaving("lie"), restart, acts=True, races=True),
        *(Fault(lie, behaving(lie), restart, acts=True) for lie in lies),
        Fault("slow", WiredCommittee.stutter, WiredCommittee.flow, acts=True),
        Fault("partition", WiredCommittee.part, WiredCommittee.join),
        Fault("cut off", WiredCommittee.cut_off, WiredCommittee.join),
        Fault("skew", skewing(traffic, SKEW_S), skewing(traffic, 0)),
        Fault("crash (f + 1)", crash, restart, tolerated=False, stops=True),
        Fault(
            "partition (f + 1)",
            WiredCommittee.part,
            WiredCommittee.join,
            tolerated=False,
            stops=True,
        ),
        Fault("lie-high (f + 1)", behaving("lie-high"), restart, tolerated=False, acts=True),
    ]
