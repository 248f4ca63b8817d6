"""What members at the recorded vantage points mark by the shipped thresholds: attacks that cost
the service, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oracles.attest.observe import Lookout, Subject
from oracles.attest.sources import FlowCache, FlowTable, ProbeFile, Rebase
from oracles.domain.incident import MICROS, Epoch, LostRule, SlotMasks, quorum_masks, slots_of
from oracles.domain.thresholds import FLOOD
from oracles.evidence.observation import Terms, masks_of
from oracles.evidence.pseudonym import Pseudonyms

RECORDINGS = Path(__file__).resolve().parents[4] / "oracles" / "recordings"
BASE = 64 * 5 * 5_000_000
"""Where the recordings begin on chain: the first second of an epoch of slots of 5 s."""
TERMS = Terms(5, LostRule(), FLOOD)
EPOCH = Epoch(BASE // 5 // 64)


@dataclass(frozen=True)
class Recorded:
    """What the four members mark, and what the quorum makes of it, in seconds of the recording."""

    truth: dict[str, Any]
    members: list[SlotMasks]

    @property
    def quorum(self) -> SlotMasks:
        return quorum_masks(self.members, lost_quorum=3, attack_quorum=2)

    def seconds(self, mask: int) -> list[int]:
        return [slot * 5 - BASE for slot in slots_of(mask, EPOCH)]


def recorded(name: str, cache: Path) -> Recorded:
    folder = RECORDINGS / name
    truth = json.loads((folder / "truth.json").read_text())
    rebase = Rebase(truth["phases"][0]["start"], BASE)
    host = truth["hosts"]["svc"]["address"]
    length = (truth["phases"][-1]["end"] - truth["phases"][0]["start"]) // MICROS
    slots = range(BASE // 5, (BASE + length) // 5)
    members = []
    for i in (1, 2, 3, 4):
        probes = ProbeFile(folder / f"probes_out{i}.jsonl.xz", rebase)
        upstream = None
        if i < 4:
            (hop,) = folder.glob(f"hop{i}.*")
            upstream = FlowTable(FlowCache(cache).exported(hop, 5, rebase), rebase)
        lookout = Lookout(probes, upstream, Pseudonyms(b"k" * 16))
        marks = lookout.marks(Subject(0, f"{host}:80", (host,)), slots, BASE + length + 60, TERMS)
        members.append(masks_of(marks, EPOCH))
    return Recorded(truth, members)


def test_marks__attack_under_which_the_service_is_lost__quorum_for_the_true_loss(
    tmp_path: Path,
) -> None:
    demo = recorded("demo", tmp_path)
    start = demo.truth["phases"][0]["start"]
    loss = [(demo.truth["loss"][edge] - start) / MICROS for edge in ("start", "end")]
    lost = demo.seconds(demo.quorum.lost)
    assert lost
    assert min(lost) >= loss[0] - 5
    assert max(lost) + 5 <= loss[1] + 5
    assert len(lost) * 5 >= (loss[1] - loss[0]) - 10
    assert set(demo.seconds(demo.quorum.attack)) >= set(lost[1:-1])
    assert demo.members[3].attack == 0


@pytest.mark.parametrize("name", ["benign", "brute_force", "sensor_only_loss"])
def test_marks__service_reachable_throughout__nobody_marks_anything(
    name: str, tmp_path: Path
) -> None:
    assert not any(recorded(name, tmp_path).members)


def test_marks__flood_without_lost_service__attacked_and_not_lost(tmp_path: Path) -> None:
    flood = recorded("harmless_flood", tmp_path)
    assert flood.quorum.attack
    assert [member.lost for member in flood.members] == [0, 0, 0, 0]


def test_marks__flood_just_above_the_threshold__lost_and_attacked(tmp_path: Path) -> None:
    above = recorded("attack_above", tmp_path).quorum
    assert above.lost & above.attack


@pytest.mark.parametrize("name", ["attack_below", "outage"])
def test_marks__service_lost_without_a_flood__lost_and_not_attacked(
    name: str, tmp_path: Path
) -> None:
    masks = recorded(name, tmp_path).quorum
    assert masks.lost
    assert not masks.attack


def test_marks__service_that_comes_and_goes_within_a_slot__is_not_lost(tmp_path: Path) -> None:
    assert recorded("flapping", tmp_path).quorum.lost == 0
