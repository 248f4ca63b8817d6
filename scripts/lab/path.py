"""The insured host behind three hops, its users and its observers: recordings of one path.

    cli1..3, attacker, out1..4 ── hop1 ── hop2 ── hop3 ══ svc        (══ the bottleneck)

Captures are taken at svc (the sensor), at the outer side of each hop (upstream flows; hop1's is its
inner side) and at each vantage host (its probes). Phases begin on a multiple of SLOT seconds.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import dpkt

from oracles.traffic.probes import Probe, parse_line
from scripts.lab.behaviour import Habits
from scripts.lab.capture import (
    Capture,
    Counted,
    join_captures,
    packet_times,
    start_capture,
    stop_capture,
)
from scripts.lab.netns import LabError, Network, Process
from scripts.lab.services import (
    ACCOUNT,
    Credentials,
    make_credentials,
    make_site,
    start_bulk,
    start_names,
    start_ssh,
    start_web,
)

SLOT = 5
SVC = "10.77.100.10"
HOPS = ("hop1", "hop2", "hop3")
VANTAGES = ("out1", "out2", "out3", "out4")
CLIENTS = ("cli1", "cli2", "cli3")
OUTSIDE = {
    **{name: f"10.77.{number}.10" for number, name in enumerate(CLIENTS, 1)},
    "attacker": "10.77.66.10",
    **{name: f"10.77.{number}.10" for number, name in enumerate(VANTAGES, 201)},
}
SPOOFED_NETWORK = "198.18.0.0/15"
SPOOFED = (
    *("198.18.0.21", "198.18.7.90", "198.19.31.4", "198.19.200.133"),
    *("198.18.44.8", "198.18.130.61", "198.19.5.77", "198.19.92.210"),
)
FLOOD_PAYLOAD = 1_200
# Eight senders with this pause make about 5,000 packets/s on an idle machine.
FLOOD_PAUSE_US = 1_500
# FastNetMon: 3,500 flows/s towards one host, mean of 5 s. Each packet is a new flow here.
FLOOD_THRESHOLD = 3_500
# Zeek calls 30 failed logins in 30 minutes a brute force.
BRUTE_FORCE_THRESHOLD = 30
GUESSES = 160
BURST = 4
QUEUE_SECONDS = 2.4

Attack = Literal["brute_force", "syn_flood", "udp_flood", "one_way_sensor", "silent_sensor"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Phase:
    """A stretch of a recording in whole slots, with what is done in it beside ordinary use."""

    name: str
    seconds: int
    attack: Attack | None = None


@dataclass(frozen=True)
class Plan:
    """One recording. ``bottleneck_kbit`` limits what reaches the service."""

    name: str
    bottleneck_kbit: int
    phases: tuple[Phase, ...]
    seed: int

    @property
    def seconds(self) -> int:
        return sum(phase.seconds for phase in self.phases)


NARROW, WIDE = 3_000, 200_000
_BENIGN, _QUIET = Phase("benign", 185), Phase("benign", 20)
_BRUTE = Phase("brute_force", 55, "brute_force")
PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            "demo",
            NARROW,
            (_BENIGN, _BRUTE, Phase("flood", 45, "syn_flood"), Phase("recovery", 30)),
            seed=11,
        ),
        Plan("benign", NARROW, (Phase("benign", 315),), seed=12),
        Plan(
            "harmless_flood",
            WIDE,
            (Phase("benign", 30), Phase("flood", 25, "udp_flood"), Phase("recovery", 30)),
            seed=13,
        ),
        Plan(
            "sensor_only_loss",
            NARROW,
            (
                _QUIET,
                Phase("one_way_sensor", 15, "one_way_sensor"),
                Phase("silent_sensor", 10, "silent_sensor"),
                Phase("recovery", 15),
            ),
            seed=14,
        ),
        Plan("brute_force", NARROW, (_QUIET, _BRUTE, Phase("recovery", 15)), seed=15),
    )
}


@dataclass
class _Run:
    """The state of one recording while it is made."""

    bed: Network
    folder: Path
    plan: Plan
    captures: list[Capture] = field(default_factory=list)
    sensor_parts: list[Capture] = field(default_factory=list)
    probers: list[Process] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    attacks: list[dict[str, Any]] = field(default_factory=list)
    counted: dict[str, tuple[Capture, Counted]] = field(default_factory=dict)


def _build(bed: Network, plan: Plan) -> None:
    for host in ("svc", *HOPS, *OUTSIDE):
        bed.add_host(host)
    bed.link("hop1", "10.77.12.1/30", "hop2", "10.77.12.2/30")
    bed.link("hop2", "10.77.23.1/30", "hop3", "10.77.23.2/30")
    bed.link("hop3", "10.77.100.1/24", "svc", f"{SVC}/24")
    bed.route("svc", "default", "10.77.100.1")
    bed.route("hop3", "default", "10.77.23.1")
    bed.route("hop2", "default", "10.77.12.1")
    bed.route("hop2", "10.77.100.0/24", "10.77.23.2")
    bed.route("hop1", "10.77.100.0/24", "10.77.12.2")
    bed.route("hop1", SPOOFED_NETWORK, "blackhole")
    for host, address in OUTSIDE.items():
        gateway = f"{address.rpartition('.')[0]}.1"
        bed.link("hop1", f"{gateway}/24", host, f"{address}/24")
        bed.route(host, "default", gateway)
    queue = int(plan.bottleneck_kbit * 1000 / 8 * QUEUE_SECONDS)
    bed.narrow("hop3", "svc", plan.bottleneck_kbit, queue)
    bed.check_isolated()


def _start_services(bed: Network, folder: Path) -> Credentials:
    start_web(bed, "svc", SVC, folder, make_site(folder))
    start_names(bed, "svc", SVC)
    start_bulk(bed, "svc", SVC)
    credentials = make_credentials(folder)
    start_ssh(bed, "svc", SVC, credentials)
    for port in (22, 80):
        bed.wait_for_port("out1", SVC, port)
    return credentials


def _start_clients(run: _Run, credentials: Credentials) -> None:
    for number, client in enumerate(CLIENTS):
        habits = Habits(
            server=SVC,
            seconds=run.plan.seconds,
            seed=run.plan.seed * 10 + number,
            web=0.35,
            names=0.5,
            logins=1 / 40,
            typos=1 / 110,
            downloads=1 / 50,
            uploads=1 / 40 if client == "cli3" else 0.0,
            key=str(credentials.key),
            askpass=str(credentials.askpass),
            mistyped=str(credentials.mistyped),
        )
        file = run.folder / f"{client}.json"
        file.write_text(habits.to_json())
        run.bed.spawn(client, [sys.executable, "-m", "scripts.lab.behaviour", str(file)])


def _start_captures(run: _Run) -> None:
    inner = {"hop1": "to-hop2", "hop2": "to-hop1", "hop3": "to-hop2"}
    for hop in HOPS:
        file = run.folder / f"{hop}.pcap"
        run.captures.append(start_capture(run.bed, hop, inner[hop], file))
    for vantage in VANTAGES:
        file = run.folder / f"probes_{vantage}.pcap"
        run.captures.append(start_capture(run.bed, vantage, "to-hop1", file))
    _start_sensor(run, "ip")


def _start_sensor(run: _Run, expression: str) -> None:
    file = run.folder / f"sensor{len(run.sensor_parts)}.part"
    run.sensor_parts.append(start_capture(run.bed, "svc", "to-hop3", file, expression))


def _start_probers(run: _Run) -> None:
    for vantage in VANTAGES:
        argv = [
            *(sys.executable, "-m", "oracles.traffic.probes", "--vantage", vantage),
            *("--target", f"{SVC}:80", "--seconds", str(run.plan.seconds)),
            *("--out", str(run.folder / f"probes_{vantage}.jsonl")),
        ]
        run.probers.append(run.bed.spawn(vantage, argv))


def flood_commands(kind: Literal["syn_flood", "udp_flood"], seconds: int) -> list[list[str]]:
    """Floods whose every packet is a new flow: ports rise, one sender per spoofed address.

    Fixed sequence numbers only keep the captures small. ``nice`` keeps the rate on a busy machine.
    """
    count = int(seconds * 1_000_000 / FLOOD_PAUSE_US)
    match kind:
        case "syn_flood":
            shape = ["-S", "-p", "80", "-d", str(FLOOD_PAYLOAD), "-M", "1", "-L", "0"]
        case "udp_flood":
            shape = ["--udp", "-p", "53", "-d", str(FLOOD_PAYLOAD)]
    return [
        [
            *(
                "nice",
                "-n",
                "-15",
                "hping3",
                "-q",
                *shape,
                "-a",
                source,
                "-i",
                f"u{FLOOD_PAUSE_US}",
            ),
            *("-c", str(count), "-N", "7", "-s", str(1024 + 1000 * number), SVC),
        ]
        for number, source in enumerate(SPOOFED)
    ]


def brute_force_commands(folder: Path) -> list[list[str]]:
    """Password guesses over ssh in bursts of four with pauses, each guess a connection.

    One hydra for each burst: with the libssh of Debian 12 its second guess over one connection
    never returns.
    """
    for burst in range(0, GUESSES, BURST):
        words = "".join(f"guess{number:04d}\n" for number in range(burst, burst + BURST))
        (folder / f"words{burst:04d}").write_text(words)
    guess = f"timeout 6 hydra -I -q -l {ACCOUNT} -P $words -t {BURST} ssh://{SVC}"
    return [["sh", "-c", f"for words in words*; do {guess}; sleep 0.8; done"]]


@contextmanager
def _attack(run: _Run, phase: Phase) -> Iterator[None]:
    """Do what the phase adds for as long as the context lasts, and note it for the truth file."""
    match phase.attack:
        case None:
            yield
            return
        case "syn_flood" | "udp_flood":
            commands = flood_commands(phase.attack, phase.seconds)
        case "brute_force":
            commands = brute_force_commands(run.folder)
        case "one_way_sensor" | "silent_sensor":
            commands = []
            run.sensor_parts[-1].process.stop()
            if phase.attack == "one_way_sensor":
                _start_sensor(run, f"ip and dst host {SVC}")
    start = time.time_ns() // 1000
    processes = [
        run.bed.spawn("attacker", command, seconds=phase.seconds, cwd=run.folder)
        for command in commands
    ]
    try:
        yield
    finally:
        for process in processes:
            process.stop()
        run.attacks.append(
            {
                "kind": phase.attack,
                "start": start,
                "end": time.time_ns() // 1000,
                "commands": [" ".join(command) for command in commands],
            }
        )
    if phase.attack == "silent_sensor":
        _start_sensor(run, "ip")


def _play(run: _Run, say: Say) -> None:
    clock_start = (int(time.time()) // SLOT + 1) * SLOT
    time.sleep(max(0.0, clock_start - time.time()))
    _start_probers(run)
    start = clock_start
    for phase in run.plan.phases:
        end = start + phase.seconds
        with _attack(run, phase):
            while (left := end - time.time()) > 0:
                say(f"{run.plan.name}: {phase.name}, {left:3.0f} s left")
                time.sleep(min(SLOT, left))
        run.phases.append(
            {
                "name": phase.name,
                "start": start * 1_000_000,
                "end": end * 1_000_000,
                "attack": phase.attack,
            }
        )
        start = end


def _finish(run: _Run) -> None:
    for prober in run.probers:
        prober.handle.wait(timeout=10)
    parts = [(part, stop_capture(part)) for part in run.sensor_parts]
    sensor = run.folder / "sensor.pcap"
    join_captures([part.file for part, _ in parts], sensor)
    times = packet_times(sensor.read_bytes())
    whole = Counted(len(times), sum(count.dropped for _, count in parts), times[0], times[-1])
    run.counted["sensor.pcap"] = (run.sensor_parts[0], whole)
    for capture in run.captures:
        run.counted[capture.file.name] = (capture, stop_capture(capture))


def measured_loss(probes: Sequence[Probe], least: int = 12) -> dict[str, int] | None:
    """The longest run of failed probes over all vantages together, as start and end in µs.

    It starts with the first failed probe and ends with the next that succeeds; None when no run
    has ``least`` probes.
    """
    ordered = sorted(probes, key=lambda probe: probe.ts)
    best: tuple[int, int, int] = (0, 0, 0)
    run_start, length = 0, 0
    for probe in ordered:
        if probe.ok:
            best = max(best, (length, run_start, probe.ts))
            length = 0
        else:
            run_start = run_start if length else probe.ts
            length += 1
    if length:
        best = max(best, (length, run_start, ordered[-1].ts))
    return None if best[0] < least else {"start": best[1], "end": best[2]}


def read_probes(file: Path) -> list[Probe]:
    return [parse_line(line) for line in file.read_bytes().splitlines()]


def _truth(run: _Run, tools: dict[str, str]) -> dict[str, Any]:
    probes = [
        probe for name in VANTAGES for probe in read_probes(run.folder / f"probes_{name}.jsonl")
    ]
    roles = {
        "svc": "insured service",
        **dict.fromkeys(HOPS, "upstream hop"),
        **dict.fromkeys(CLIENTS, "ordinary client"),
        "attacker": "attacker",
        **dict.fromkeys(VANTAGES, "outside vantage"),
    }
    addresses = {
        "svc": SVC,
        "hop1": "10.77.12.1",
        "hop2": "10.77.12.2",
        "hop3": "10.77.23.2",
        **OUTSIDE,
    }
    return {
        "schema": 1,
        "recording": run.plan.name,
        "clock": "microseconds since the epoch, one clock for all hosts",
        "seed": run.plan.seed,
        "hosts": {name: {"role": role, "address": addresses[name]} for name, role in roles.items()},
        "spoofed_sources": list(SPOOFED),
        "bottleneck": {
            "from": "hop3",
            "to": "svc",
            "kbit_per_s": run.plan.bottleneck_kbit,
            "queue_seconds": QUEUE_SECONDS,
        },
        "phases": run.phases,
        "attacks": run.attacks,
        "loss": measured_loss(probes),
        "probes": {"sent": len(probes), "failed": sum(not probe.ok for probe in probes)},
        "captures": {
            name: {"host": capture.host, "interface": capture.interface, **asdict(count)}
            for name, (capture, count) in run.counted.items()
        },
        "tools": tools,
    }


def record(plan: Plan, scratch: Path, tools: dict[str, str], say: Say) -> list[Path]:
    """Make one recording in ``scratch``; returns its files. The network is gone afterwards."""
    with Network(lifetime=plan.seconds + 90) as bed:
        say(f"{plan.name}: building the network")
        _build(bed, plan)
        run = _Run(bed, scratch, plan)
        credentials = _start_services(bed, scratch)
        _start_captures(run)
        _start_clients(run, credentials)
        _play(run, say)
        _finish(run)
    truth = scratch / "truth.json"
    truth.write_text(json.dumps(_truth(run, tools), indent=1) + "\n")
    check(run.plan, json.loads(truth.read_text()), scratch)
    return [
        *(scratch / name for name in run.counted),
        *(scratch / f"probes_{name}.jsonl" for name in VANTAGES),
        truth,
    ]


def _connections(file: Path, source: str, port: int) -> int:
    """Connections that ``source`` opened to a TCP port, retransmitted SYNs left out."""
    sender, opened = ipaddress.IPv4Address(source).packed, set()
    with file.open("rb") as stream:
        for _, frame in dpkt.pcap.Reader(stream):
            segment = dpkt.ethernet.Ethernet(frame).data.data
            if (
                frame[26:30] == sender
                and isinstance(segment, dpkt.tcp.TCP)
                and segment.dport == port
                and segment.flags & (dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK) == dpkt.tcp.TH_SYN
            ):
                opened.add(segment.sport)
    return len(opened)


def check(plan: Plan, truth: dict[str, Any], folder: Path) -> None:
    """Refuse a recording that does not show what it is for; raises LabError with the reason."""
    dropped = sum(capture["dropped"] for capture in truth["captures"].values())
    if dropped:
        raise LabError(f"{plan.name}: {dropped} packets escaped a capture; record again")
    for attack in truth["attacks"]:
        if attack["kind"].endswith("flood"):
            times = packet_times((folder / "hop3.pcap").read_bytes())
            slots = range(attack["start"] // 1_000_000 + 1, attack["end"] // 1_000_000 - SLOT)
            rate = min(
                sum(start <= at // 1_000_000 < start + SLOT for at in times) / SLOT
                for start in slots
            )
            if rate < FLOOD_THRESHOLD:
                raise LabError(f"{plan.name}: the flood fell to {rate:.0f} packets/s; record again")
        if attack["kind"] == "brute_force":
            guesses = _connections(folder / "hop3.pcap", OUTSIDE["attacker"], 22)
            if guesses < 2 * BRUTE_FORCE_THRESHOLD:
                raise LabError(f"{plan.name}: only {guesses} guesses; record again")
    wants_loss = plan.name == "demo"
    if wants_loss != (truth["loss"] is not None):
        raise LabError(f"{plan.name}: service loss is {truth['loss']}; record again")
    if not wants_loss and truth["probes"]["failed"]:
        raise LabError(f"{plan.name}: {truth['probes']['failed']} probes failed; record again")
