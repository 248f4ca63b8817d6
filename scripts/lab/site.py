"""One network of the laboratory: built, played and turned into labelled flows.

    inside hosts ── core ── edge ── outside hosts

All packets are taken once, as they enter ``core``; what happens among outside hosts (questions to
a reflector in a victim's name) is not seen, as in a real network. A recording is a stretch of the
one capture, so history runs on from one to the next.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from oracles.traffic.pcap import read_pcap
from scripts.lab import agent
from scripts.lab.capture import Counted, start_capture, stop_capture, write_flows
from scripts.lab.netns import LabError, Missed, Network
from scripts.lab.schedule import Command, Event, Habit, Job, schedule
from scripts.lab.services import Credentials, make_credentials, make_site

FRAME = 10
BENIGN = "benign"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Attack:
    """One attack: ``commands`` start together ``at`` seconds into its recording.

    Flows between ``sources`` and ``targets`` that start while it lasts, to ``port`` where given,
    carry its family and intensity.
    """

    at: float
    seconds: float
    family: str
    intensity: str
    host: str
    commands: tuple[Command, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    port: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Band:
    """What a recording must measure to lie on its side of a threshold, both ends included.

    ``flows_per_s`` is the greatest mean of five seconds of new flows towards the attacked host;
    ``flows`` and ``ip_bytes`` are those of the hostile flows, ``packets`` what the largest of them
    sent, ``packets_per_s`` and ``bits_per_s`` its mean rates.
    """

    measure: Literal["flows_per_s", "flows", "ip_bytes", "packets", "packets_per_s", "bits_per_s"]
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Recording:
    """A stretch of a network's capture. ``threshold`` names what it lies just above or below."""

    name: str
    seconds: int
    attacks: Sequence[Attack] = ()
    threshold: str | None = None
    rhythm: bool = False
    band: Band | None = None


@dataclass(frozen=True)
class Content:
    """What happens in a network: habits and jobs all the time, and its recordings in turn."""

    habits: Sequence[Habit]
    jobs: Sequence[Job]
    recordings: Sequence[Recording]


@dataclass(frozen=True)
class Site:
    """A network: its hosts by name, how many further addresses some of them use, its content."""

    name: str
    number: int
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    pools: Mapping[str, int]
    serve: Callable[[Stage], None]
    content: Callable[[Stage], Content]

    def address(self, host: str) -> str:
        side, names = (1, self.inside) if host in self.inside else (2, self.outside)
        return f"10.{self.number}.{side}.{10 + names.index(host)}"

    def pool(self, host: str) -> tuple[str, ...]:
        """Further addresses of an outside host."""
        block = 100 + self.outside.index(host)
        return tuple(f"10.{self.number}.{block}.{n}" for n in range(1, self.pools[host] + 1))

    def nobody(self, count: int) -> tuple[str, ...]:
        """Inside addresses that no host has."""
        return tuple(f"10.{self.number}.1.{n}" for n in range(100, 100 + count))


@dataclass(frozen=True)
class Stage:
    """A built network with what its servers and tools need."""

    site: Site
    bed: Network
    folder: Path
    credentials: Credentials
    root: Path

    def at(self, host: str) -> str:
        return self.site.address(host)


@dataclass(frozen=True)
class Played:
    """A recording as it was played; times in µs since the epoch."""

    recording: Recording
    start: int
    end: int
    attacks: tuple[tuple[int, Attack], ...]
    peak: float


def build(site: Site, bed: Network) -> None:
    """Hosts, wires and routes; nothing leads out."""
    for host in ("core", "edge", *site.inside, *site.outside):
        bed.add_host(host)
    bed.link("core", f"10.{site.number}.0.1/30", "edge", f"10.{site.number}.0.2/30")
    bed.route("edge", f"10.{site.number}.1.0/24", f"10.{site.number}.0.1")
    bed.route("core", f"10.{site.number}.0.0/16", f"10.{site.number}.0.2")
    bed.route("core", f"10.{site.number}.1.0/24", "blackhole")
    bed.route("core", "198.18.0.0/15", "blackhole")
    for router, hosts in (("core", site.inside), ("edge", site.outside)):
        for host in hosts:
            bed.attach(router, host, site.address(host))
    for host in site.pools:
        for address in site.pool(host):
            bed.address(host, f"{address}/32")
        bed.route("edge", f"{site.pool(host)[0].rpartition('.')[0]}.0/24", site.address(host))
    bed.check_isolated()


def _events(stage: Stage, content: Content, recording: Recording, seed: int) -> list[Event]:
    """Everything that hosts do in one recording, benign and attacks."""
    habits = content.habits
    if not recording.rhythm:
        habits = [Habit(h.hosts, h.per_minute, h.command, limit=h.limit, env=h.env) for h in habits]
    events = schedule(habits, content.jobs, recording.seconds, seed)
    dice = random.Random(seed + 1)
    for attack in recording.attacks:
        events += [
            Event(attack.at, attack.host, tuple(command(dice)), attack.seconds, attack.env)
            for command in attack.commands
        ]
    return sorted(events, key=lambda event: event.at)


def _play(stage: Stage, content: Content, recording: Recording, seed: int, say: Say) -> Played:
    events = _events(stage, content, recording, seed)
    start = (int(time.time() + 1.5) // FRAME + 1) * FRAME
    by_host: dict[str, list[Event]] = {}
    for event in events:
        by_host.setdefault(event.host, []).append(event)
    for host, own in by_host.items():
        file = stage.folder / f"events-{host}.json"
        file.write_text(agent.dump(own))
        argv = [sys.executable, "-m", "scripts.lab.agent", str(file), str(start)]
        stage.bed.spawn(host, argv, seconds=recording.seconds + 30)
    end = start + recording.seconds
    counts: list[tuple[float, int]] = []
    while (left := end - time.time()) > 0:
        if int(left) % 15 == 0:
            say(f"{stage.site.name}: {recording.name}, {left:3.0f} s left")
        counts.append((time.monotonic(), stage.bed.packets_received("core", "to-edge")))
        time.sleep(min(1.0, left))
    rates = [
        (after - before) / (later - at)
        for (at, before), (later, after) in zip(counts, counts[5:], strict=False)
    ]
    return Played(
        recording,
        start * 1_000_000,
        end * 1_000_000,
        tuple((int((start + attack.at) * 1_000_000), attack) for attack in recording.attacks),
        max(rates, default=0.0),
    )


def label(flows: pd.DataFrame, played: Sequence[Played]) -> pd.DataFrame:
    """Label, family, intensity and recording of each flow; flows of no recording are left out."""
    ts = flows["ts"].to_numpy()
    orig, resp = flows["orig_h"].astype(str), flows["resp_h"].astype(str)
    ports = flows["resp_p"].to_numpy()
    recording = np.full(len(flows), "", dtype=object)
    family = np.full(len(flows), BENIGN, dtype=object)
    intensity = np.full(len(flows), "", dtype=object)
    for part in played:
        recording[(ts >= part.start) & (ts < part.end)] = part.recording.name
        for start, attack in part.attacks:
            during = (ts >= start) & (ts < start + int((attack.seconds + 2) * 1_000_000))
            rows: npt.NDArray[np.bool_] = during & _between(orig, resp, attack)
            if attack.port is not None:
                rows &= ports == attack.port
            family[rows], intensity[rows] = attack.family, attack.intensity
    table = flows.assign(
        label=(family != BENIGN).astype("int8"),
        family=pd.Categorical(family),
        intensity=pd.Categorical(intensity),
        recording=pd.Categorical(recording),
    )
    kept: pd.DataFrame = table[recording != ""].reset_index(drop=True)
    return kept


def _between(orig: pd.Series, resp: pd.Series, attack: Attack) -> npt.NDArray[np.bool_]:
    sent = orig.isin(attack.sources) & resp.isin(attack.targets)
    answered = orig.isin(attack.targets) & resp.isin(attack.sources)
    return (sent | answered).to_numpy()


def _attack_entry(start: int, attack: Attack, flows: pd.DataFrame) -> dict[str, Any]:
    return {
        "family": attack.family,
        "intensity": attack.intensity,
        "start": start,
        "end": start + int(attack.seconds * 1_000_000),
        "sources": attack.sources if len(attack.sources) < 8 else len(attack.sources),
        "targets": attack.targets if len(attack.targets) < 8 else len(attack.targets),
        "port": attack.port,
        "flows": int(
            (
                (flows["label"] == 1)
                & (flows["family"] == attack.family)
                & (flows["ts"] >= start)
                & (flows["ts"] < start + int((attack.seconds + 2) * 1_000_000))
                & _between(flows["orig_h"].astype(str), flows["resp_h"].astype(str), attack)
            ).sum()
        ),
    }


def _rate(flows: pd.DataFrame) -> int:
    """The greatest number of new flows a second as the mean of five whole seconds."""
    seconds = flows["ts"].to_numpy() // 1_000_000
    if not len(seconds):
        return 0
    counts = np.bincount(seconds - seconds.min())
    return round(float(np.convolve(counts, np.ones(5)).max()) / 5)


def _measured(part: Played, own: pd.DataFrame) -> dict[str, int] | None:
    """What a recording beside a threshold measures, in the units of its band."""
    if part.recording.band is None:
        return None
    hostile = own[own["label"] == 1]
    largest = hostile.nlargest(1, "orig_pkts")
    packets, octets = (int(largest[name].sum()) for name in ("orig_pkts", "orig_ip_bytes"))
    lasts = max(int(largest["duration_us"].sum()), 1)
    measures = {
        "flows_per_s": _rate(own[own["resp_h"].isin(part.recording.attacks[0].targets)]),
        "flows": len(hostile),
        "ip_bytes": int(hostile["orig_ip_bytes"].sum()),
        "packets": packets,
        "packets_per_s": packets * 1_000_000 // lasts,
        "bits_per_s": octets * 8_000_000 // lasts,
    }
    return {part.recording.band.measure: measures[part.recording.band.measure]}


def _truth(
    site: Site,
    played: Sequence[Played],
    flows: pd.DataFrame,
    counted: Counted,
    tools: dict[str, str],
) -> dict[str, Any]:
    recordings = []
    for part in played:
        own = flows[flows["recording"] == part.recording.name]
        recordings.append(
            {
                "name": part.recording.name,
                "start": part.start,
                "end": part.end,
                "threshold": part.recording.threshold,
                "measured": _measured(part, own),
                "flows": len(own),
                "hostile_flows": int(own["label"].sum()),
                "attacks": [_attack_entry(start, attack, own) for start, attack in part.attacks],
            }
        )
    return {
        "schema": 1,
        "network": site.name,
        "clock": "microseconds since the epoch, one clock for all hosts",
        "assets": {host: site.address(host) for host in site.inside},
        "outside": {host: site.address(host) for host in site.outside},
        "pools": {host: [site.pool(host)[0], site.pool(host)[-1]] for host in site.pools},
        "capture": asdict(counted),
        "recordings": recordings,
        "tools": tools,
    }


def _check(site: Site, flows: pd.DataFrame, played: Sequence[Played], counted: Counted) -> None:
    """Refuse a network in which something did not happen."""
    if counted.dropped:
        raise Missed(f"{site.name}: {counted.dropped} packets escaped the capture")
    for part in played:
        own = flows[flows["recording"] == part.recording.name]
        band, measured = part.recording.band, _measured(part, own)
        if band is not None and measured is not None and not band.holds(measured[band.measure]):
            raise Missed(f"{site.name}: {part.recording.name} measures {measured}")
        for start, attack in part.attacks:
            if not _attack_entry(start, attack, own)["flows"]:
                what = f"{attack.family} {attack.intensity} in {part.recording.name}"
                raise Missed(f"{site.name}: {what} left no flow")


def _played(stage: Stage, content: Content, say: Say) -> list[Played]:
    """Play all recordings; one that misses its band is played again, up to four times."""
    played = []
    for number, recording in enumerate(content.recordings):
        for attempt in range(4):
            seed = stage.site.number * 1000 + number * 10 + attempt
            part = _play(stage, content, recording, seed, say)
            band = recording.band
            # in a flood each packet from outside is a flow, so counters tell before the flows do
            if band is None or band.measure != "flows_per_s" or band.holds(part.peak):
                played.append(part)
                break
            say(f"{stage.site.name}: {recording.name} peaked at {part.peak:.0f} packets/s; again")
        else:
            raise LabError(f"{stage.site.name}: {recording.name} missed its band four times")
    return played


def record(
    site: Site, scratch: Path, tools: dict[str, str], say: Say, only: Sequence[str] = ()
) -> list[Path]:
    """Make one network's flow file and truth file in ``scratch``."""
    with Network(lifetime=3600) as bed:
        say(f"{site.name}: building the network")
        build(site, bed)
        stage = Stage(site, bed, scratch, make_credentials(scratch), make_site(scratch))
        site.serve(stage)
        content = site.content(stage)
        if only:
            kept = [part for part in content.recordings if part.name in only]
            content = Content(content.habits, content.jobs, kept)
        file = scratch / f"{site.name}.pcap"
        capture = start_capture(bed, "core", "any", file, "ip", direction="in")
        time.sleep(1.0)
        played = _played(stage, content, say)
        counted = stop_capture(capture)
    say(f"{site.name}: {counted.packets} packets into flows")
    flows = label(read_pcap(file).flows, played)
    _check(site, flows, played, counted)
    table = scratch / f"{site.name}.parquet"
    write_flows(flows, table)
    truth = scratch / f"{site.name}.json"
    truth.write_text(json.dumps(_truth(site, played, flows, counted, tools), indent=1) + "\n")
    return [table, truth]
