"""Each shipped recording is whole, small, and shows what its truth file says."""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from oracles.domain.flood import attacked_slots
from oracles.traffic.compressed import sha256_of
from oracles.traffic.packets import Packets
from oracles.traffic.pcap import read_packets, read_pcap
from oracles.traffic.probes import Probe, parse_line
from scripts.lab.plans import HOPS, OUTSIDE, PLANS, SVC, VANTAGES
from scripts.lab.verdict import ONSET, lost_slot, measured_loss, whole_slots

FOLDER = Path(__file__).resolve().parents[2] / "oracles" / "recordings"
MANIFEST: dict[str, dict[str, Any]] = json.loads((FOLDER / "MANIFEST.json").read_text())["files"]
MOST_BYTES = 16 * 1024 * 1024
SLOT_US = 5_000_000
# lower half of the service's address as IPv4-mapped IPv6
MAPPED = np.uint64(0xFFFF << 32 | int(IPv4Address(SVC)))
FLOODED = ("demo", "harmless_flood", "attack_above")
UNHARMED = sorted(name for name, plan in PLANS.items() if plan.loses == "nothing")
LOST = {
    "demo": "flood",
    "attack_above": "flood",
    "attack_below": "flood",
    "outage": "outage",
    "dependency_needed": "outage",
    "dependency_up": "outage",
}
GUESSED = ("demo", "brute_force")


@cache
def truth(recording: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((FOLDER / recording / "truth.json").read_text())
    return fields


@cache
def probes(recording: str, vantage: str) -> Sequence[Probe]:
    with lzma.open(FOLDER / recording / f"probes_{vantage}.jsonl.xz") as lines:
        return [parse_line(line) for line in lines]


@cache
def flows(recording: str, place: str) -> pd.DataFrame:
    if PLANS[recording].keeps == "flows":
        return pd.read_parquet(FOLDER / recording / f"{place}.parquet")
    return read_pcap(FOLDER / recording / f"{place}.pcap.xz").flows


@cache
def packets(name: str) -> Packets:
    read, refused = read_packets(FOLDER / name)
    assert not refused.counts
    return read


def phase(recording: str, name: str) -> tuple[int, int]:
    (found,) = [part for part in truth(recording)["phases"] if part["name"] == name]
    return found["start"], found["end"]


def guesses(recording: str, client: str) -> int:
    table = flows(recording, "sensor")
    tried = (table["orig_h"] == client) & (table["resp_p"] == 22) & (table["service"] == "ssh")
    return int(tried.sum())


def test_manifest__all_files__are_listed_unchanged_and_small() -> None:
    there = {
        str(file.relative_to(FOLDER)): sha256_of(file)
        for name in PLANS
        for file in (FOLDER / name).iterdir()
    }
    listed = {name: e for name, e in MANIFEST.items() if not name.startswith("lab/")}
    assert there == {name: entry["sha256"] for name, entry in listed.items()}
    assert sum(entry["bytes"] for entry in listed.values()) < MOST_BYTES


@pytest.mark.parametrize("name", [name for name in MANIFEST if ".pcap" in name])
def test_capture__read_by_the_product__holds_the_listed_packets(name: str) -> None:
    read = packets(name)
    assert len(read.ts) == MANIFEST[name]["packets"]


@pytest.mark.parametrize("recording", LOST)
@pytest.mark.parametrize("vantage", VANTAGES)
def test_lost_service__each_slot__is_lost_from_everywhere(recording: str, vantage: str) -> None:
    start, end = phase(recording, LOST[recording])
    inside = whole_slots(start + ONSET, end)
    assert len(inside) >= 3
    assert all(lost_slot(probes(recording, vantage), slot) for slot in inside)


@pytest.mark.parametrize("vantage", VANTAGES)
def test_flapping__probes_fail__but_no_slot_is_lost(vantage: str) -> None:
    seen = probes("flapping", vantage)
    assert any(not probe.ok for probe in seen)
    start, end = truth("flapping")["phases"][0]["start"], truth("flapping")["phases"][-1]["end"]
    assert not any(lost_slot(seen, slot) for slot in whole_slots(start, end))


@pytest.mark.parametrize("vantage", VANTAGES)
def test_demo__outside_the_loss__every_probe_succeeds(vantage: str) -> None:
    loss = truth("demo")["loss"]
    timeout = 1_000_000
    outside = [p for p in probes("demo", vantage) if not loss["start"] <= p.ts < loss["end"]]
    assert all(p.ok for p in outside if not 0 <= loss["start"] - p.ts <= timeout)
    assert not any(p.ok for p in probes("demo", vantage) if loss["start"] <= p.ts < loss["end"])


def test_demo__loss_in_the_truth_file__is_what_the_probes_say() -> None:
    together = [probe for vantage in VANTAGES for probe in probes("demo", vantage)]
    loss = truth("demo")["loss"]
    start, end = phase("demo", "flood")
    assert measured_loss(together) == loss
    assert start <= loss["start"] < start + SLOT_US
    assert end <= loss["end"] < end + SLOT_US


@pytest.mark.parametrize("recording", UNHARMED)
@pytest.mark.parametrize("vantage", VANTAGES)
def test_unharmed__service_stays_up__every_probe_succeeds(recording: str, vantage: str) -> None:
    assert truth(recording)["loss"] is None
    assert all(probe.ok for probe in probes(recording, vantage))


@pytest.mark.parametrize("recording", FLOODED)
@pytest.mark.parametrize("hop", HOPS)
def test_flood__at_every_hop__is_above_the_threshold(recording: str, hop: str) -> None:
    start, end = phase(recording, "flood")
    attacked = attacked_slots(flows(recording, hop), [SVC], 5, start)
    assert set(range((end - start) // SLOT_US)) <= attacked
    # the threshold is a mean of the last five seconds, so it may reach into one more slot
    assert attacked <= set(range((end - start) // SLOT_US + 1))


@pytest.mark.parametrize("recording", sorted(set(PLANS) - set(FLOODED)))
@pytest.mark.parametrize("hop", HOPS)
def test_no_flood__at_any_hop__is_below_the_threshold(recording: str, hop: str) -> None:
    start = truth(recording)["phases"][0]["start"]
    assert attacked_slots(flows(recording, hop), [SVC], 5, start) == set()


@pytest.mark.parametrize("recording", GUESSED)
def test_brute_force__attacker__is_well_above_the_published_count(recording: str) -> None:
    assert guesses(recording, OUTSIDE["attacker"]) >= 60


def test_benign__no_client__guesses() -> None:
    table = flows("benign", "sensor")
    assert OUTSIDE["attacker"] not in set(table["orig_h"])
    assert max(guesses("benign", OUTSIDE[name]) for name in ("cli1", "cli2", "cli3")) < 30


@pytest.mark.parametrize("recording", ["demo", "benign"])
def test_ordinary_use__every_service__is_answered(recording: str) -> None:
    table = flows(recording, "sensor")
    benign = table[table["ts"] < truth(recording)["phases"][0]["end"]]
    answered = benign[benign["resp_ip_bytes"] > 0].groupby("resp_p").size()
    assert all(answered.get(port, 0) > 0 for port in (22, 53, 80, 5201))


def test_sensor_only_loss__one_way_phase__lacks_the_replies() -> None:
    start, end = phase("sensor_only_loss", "one_way_sensor")
    read = packets("sensor_only_loss/sensor.pcap.xz")
    upstream = packets("sensor_only_loss/hop3.pcap.xz")
    margin = 1_000_000

    def from_service(captured: Packets) -> tuple[int, int]:
        within = (captured.ts >= start + margin) & (captured.ts < end - margin)
        sent = within & (captured.src_lo == MAPPED)
        return int(sent.sum()), int(within.sum())

    assert from_service(read)[0] == 0 < from_service(read)[1]
    assert from_service(upstream)[0] > 0


def test_sensor_only_loss__silent_phase__sees_nothing() -> None:
    start, end = phase("sensor_only_loss", "silent_sensor")
    read = packets("sensor_only_loss/sensor.pcap.xz")
    assert not ((read.ts >= start + 1_000_000) & (read.ts < end)).any()
