"""Whether a recording of the path shows what it is for: loss, lost slots, flood, guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.traffic.packets import ACK, SYN, Packets
from oracles.traffic.pcap import read_packets
from oracles.traffic.probes import Probe, parse_line
from scripts.lab.netns import LabError
from scripts.lab.plans import (
    BRUTE_FORCE_THRESHOLD,
    OUTSIDE,
    SLOT,
    SPOOFED_NETWORK,
    VANTAGES,
    Plan,
)

SECOND = 1_000_000
ONSET = SECOND  # until a harm is felt: its programs start, the queue fills
_MAPPED = 0xFFFF << 32


class OutOfBand(LabError):
    """A flood was slower or faster than its plan wants; ``rate`` is its mean in flows a second."""

    def __init__(self, plan: Plan, rate: float) -> None:
        super().__init__(f"{plan.name}: the flood ran at {rate:.0f} flows/s; record again")
        self.rate = rate


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


def lost_slot(probes: Sequence[Probe], start: int) -> bool:
    """At least three probes of one vantage started in the slot (µs), and none succeeded."""
    within = [probe.ok for probe in probes if start <= probe.ts < start + SLOT * SECOND]
    return len(within) >= 3 and not any(within)


def whole_slots(start: int, end: int) -> range:
    """Starts (µs) of the slots that lie wholly in a stretch of time."""
    length = SLOT * SECOND
    return range(-(-start // length) * length, end - length + 1, length)


def check(plan: Plan, truth: Mapping[str, Any], folder: Path) -> None:
    """Refuse a recording that does not show what it is for; raises LabError with the reason."""
    dropped = sum(capture["dropped"] for capture in truth["captures"].values())
    if dropped:
        raise LabError(f"{plan.name}: {dropped} packets escaped a capture; record again")
    _check_attacks(plan, truth, folder)
    _check_loss(plan, truth, folder)


def _check_attacks(plan: Plan, truth: Mapping[str, Any], folder: Path) -> None:
    for attack in truth["attacks"]:
        if not attack["commands"]:
            continue
        packets, _ = read_packets(folder / "hop3.pcap")
        if attack["kind"].endswith("flood"):
            rates = _flood_rates(packets, attack["start"], attack["end"])
            low, high = plan.flood_band
            if rates.min() < low or rates.max() > high:
                raise OutOfBand(plan, float(rates.mean()))
        if attack["kind"] == "brute_force":
            opened = _from(packets, OUTSIDE["attacker"]) & (packets.flags & (SYN | ACK) == SYN)
            guesses = len(np.unique(packets.src_p[opened]))
            if guesses < 2 * BRUTE_FORCE_THRESHOLD:
                raise LabError(f"{plan.name}: only {guesses} guesses; record again")


def _flood_rates(packets: Packets, start: int, end: int) -> npt.NDArray[np.float64]:
    """Forged packets a second, each a new flow, as means of five whole seconds."""
    network = IPv4Network(SPOOFED_NETWORK)
    low = _MAPPED | int(network.network_address)
    high = _MAPPED | int(network.broadcast_address)
    forged = (packets.src_lo >= np.uint64(low)) & (packets.src_lo <= np.uint64(high))
    first = start // SECOND + 1
    edges = np.arange(first, end // SECOND) * SECOND
    counts = np.histogram(packets.ts[forged], edges)[0]
    return np.convolve(counts, np.ones(SLOT), "valid") / SLOT


def _from(packets: Packets, address: str) -> npt.NDArray[np.bool_]:
    rows: npt.NDArray[np.bool_] = packets.src_lo == np.uint64(_MAPPED | int(IPv4Address(address)))
    return rows


def _check_loss(plan: Plan, truth: Mapping[str, Any], folder: Path) -> None:
    failed = truth["probes"]["failed"]
    if plan.dependency != "none":
        _check_dependency(plan, truth, folder)
    if plan.loses == "nothing":
        if failed:
            raise LabError(f"{plan.name}: {failed} probes failed; record again")
        return
    for vantage in VANTAGES:
        lost = _lost(truth, folder / f"probes_{vantage}.jsonl")
        if not (all(lost) if plan.loses == "slots" else failed and not any(lost)):
            raise LabError(f"{plan.name}: {vantage} lost {sum(lost)} slots; record again")


def _check_dependency(plan: Plan, truth: Mapping[str, Any], folder: Path) -> None:
    for vantage in VANTAGES:
        lost = _lost(truth, folder / f"dependency_{vantage}.jsonl")
        hangs = any(phase["attack"] == "hanging_dependency" for phase in truth["phases"])
        if not (all(lost) if hangs else not any(lost)):
            raise LabError(f"{plan.name}: {vantage} lost {sum(lost)} slots of the dependency")


def _lost(truth: Mapping[str, Any], probes: Path) -> list[bool]:
    """Which whole slots of the recording's one harm are lost to the probes of a file."""
    (harm,) = [phase for phase in truth["phases"] if phase["attack"] not in (None, "brute_force")]
    results = read_probes(probes)
    return [lost_slot(results, slot) for slot in whole_slots(harm["start"] + ONSET, harm["end"])]
