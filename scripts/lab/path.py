"""The insured host behind three hops, its users and its observers: recordings of one path.

    cli1..3, attacker, out1..4 ── hop1 ── hop2 ── hop3 ══ svc        (══ the bottleneck)

Captures are taken at svc (the sensor), at the outer side of each hop (upstream flows; hop1's is its
inner side) and at each vantage host (its probes). Phases begin on a multiple of SLOT seconds.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from oracles.traffic.pcap import read_pcap
from scripts.lab.behaviour import Habits
from scripts.lab.capture import (
    Capture,
    Counted,
    join_captures,
    packet_times,
    start_capture,
    stop_capture,
    write_flows,
)
from scripts.lab.netns import Network, Process
from scripts.lab.plans import (
    BURST,
    CLIENTS,
    DEP,
    FLOOD_PAYLOAD,
    GUESSES,
    HOPS,
    OUTSIDE,
    QUEUE_SECONDS,
    SLOT,
    SPOOFED,
    SPOOFED_NETWORK,
    SVC,
    VANTAGES,
    Phase,
    Plan,
)
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
from scripts.lab.verdict import check, measured_loss, read_probes

PROBE_DEADLINE = 1.2  # seconds, a little more than the probes' own
Say = Callable[[str], None]


@dataclass
class _Run:
    """The state of one recording while it is made."""

    bed: Network
    folder: Path
    plan: Plan
    web: Process
    dependency: Process | None
    credentials: Credentials
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
    if plan.dependency != "none":
        bed.add_host("dep")
        bed.link("hop1", f"{DEP.rpartition('.')[0]}.1/24", "dep", f"{DEP}/24")
        bed.route("dep", "default", f"{DEP.rpartition('.')[0]}.1")
    queue = int(plan.bottleneck_kbit * 1000 / 8 * QUEUE_SECONDS)
    bed.narrow("hop3", "svc", plan.bottleneck_kbit, queue)
    bed.check_isolated()


def _start_services(
    bed: Network, folder: Path, plan: Plan
) -> tuple[Process, Process | None, Credentials]:
    root = make_site(folder)
    behind = DEP if plan.dependency == "needed" else None
    dependency = None
    if plan.dependency != "none":
        dependency = start_web(bed, "dep", DEP, folder, root)
        bed.wait_for_port("out1", DEP, 80)
    web = start_web(bed, "svc", SVC, folder, root, behind)
    start_names(bed, "svc", SVC)
    start_bulk(bed, "svc", SVC)
    credentials = make_credentials(folder)
    start_ssh(bed, "svc", SVC, credentials)
    for port in (22, 80):
        bed.wait_for_port("out1", SVC, port)
    return web, dependency, credentials


def _start_clients(run: _Run) -> None:
    credentials = run.credentials
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
    targets = {"probes": SVC} | ({"dependency": DEP} if run.dependency else {})
    for vantage in VANTAGES:
        for kind, target in targets.items():
            argv = [
                *(sys.executable, "-m", "oracles.traffic.probes", "--vantage", vantage),
                *("--target", f"{target}:80", "--seconds", str(run.plan.seconds)),
                *("--out", str(run.folder / f"{kind}_{vantage}.jsonl")),
            ]
            run.probers.append(run.bed.spawn(vantage, argv))


def flood_commands(
    kind: Literal["syn_flood", "udp_flood"], seconds: int, pause_us: int
) -> list[list[str]]:
    """Floods whose every packet is a new flow: ports rise, one sender per spoofed address.

    Fixed sequence numbers only keep the captures small. ``nice`` keeps the rate on a busy machine.
    """
    count = int(seconds * 1_000_000 / pause_us)
    shape: tuple[str, ...]
    match kind:
        case "syn_flood":
            shape = ("-S", "-p", "80", "-M", "1", "-L", "0")
        case "udp_flood":
            shape = ("--udp", "-p", "53")
    return [
        [
            *("nice", "-n", "-15", "hping3", "-q", *shape, "-d", str(FLOOD_PAYLOAD)),
            *("-a", source, "-i", f"u{pause_us}", "-c", str(count), "-N", "7"),
            *("-s", str(1024 + 1000 * number), SVC),
        ]
        for number, source in enumerate(SPOOFED)
    ]


def stalling_command(group: int, stalled: float, working: float) -> list[str]:
    """Stops a process group and lets it go on, again and again."""
    script = f"kill -STOP -{group}; sleep {stalled}; kill -CONT -{group}; sleep {working}"
    return ["sh", "-c", f"while :; do {script}; done"]


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
            pause = run.plan.flood_pause_us
            commands = flood_commands(phase.attack, phase.seconds, pause)
        case "brute_force":
            commands = brute_force_commands(run.folder)
        case "one_way_sensor" | "silent_sensor":
            commands = []
            run.sensor_parts[-1].process.stop()
            if phase.attack == "one_way_sensor":
                _start_sensor(run, f"ip and dst host {SVC}")
        case "hanging_service":
            commands = []
            run.web.send(signal.SIGSTOP)
        case "hanging_dependency":
            commands = []
            if run.dependency:
                run.dependency.send(signal.SIGSTOP)
        case "flapping_service":
            commands = [stalling_command(run.web.handle.pid, stalled=3.4, working=1.6)]
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
        if phase.attack in ("hanging_service", "hanging_dependency"):
            time.sleep(PROBE_DEADLINE)  # or the last probes of the phase would still be answered
        for server in (run.web, run.dependency):
            if server:
                server.send(signal.SIGCONT)
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
    if run.dependency:
        roles["dep"], addresses["dep"] = "dependency", DEP
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
        "loss": measured_loss(probes) if run.plan.loses == "slots" else None,
        "probes": {"sent": len(probes), "failed": sum(not probe.ok for probe in probes)},
        "captures": {
            name: {"host": capture.host, "interface": capture.interface, **asdict(count)}
            for name, (capture, count) in run.counted.items()
        },
        "tools": tools,
    }


def record(plan: Plan, scratch: Path, tools: dict[str, str], say: Say) -> list[Path]:
    """Make one recording in ``scratch``; returns its files. The network is gone afterwards.

    Raises OutOfBand when a flood was slower or faster than planned, LabError when the recording
    does not show what it is for.
    """
    with Network(lifetime=plan.seconds + 90) as bed:
        say(f"{plan.name}: building the network")
        _build(bed, plan)
        run = _Run(bed, scratch, plan, *_start_services(bed, scratch, plan))
        _start_captures(run)
        _start_clients(run)
        _play(run, say)
        _finish(run)
    fields = _truth(run, tools)
    check(plan, fields, scratch)
    truth = scratch / "truth.json"
    truth.write_text(json.dumps(fields, indent=1) + "\n")
    results = sorted(
        file for kind in ("probes", "dependency") for file in scratch.glob(f"{kind}_*.jsonl")
    )
    match plan.keeps:
        case "packets":
            kept = [scratch / name for name in run.counted]
        case "flows":
            kept = [_flows_of(scratch / f"{hop}.pcap") for hop in HOPS]
    return [*kept, *results, truth]


def _flows_of(capture: Path) -> Path:
    """A capture's flows, in the product's schema, as Parquet beside it."""
    table = capture.with_suffix(".parquet")
    write_flows(read_pcap(capture).flows, table)
    return table
