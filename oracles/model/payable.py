"""What a committee at a recording's vantage points would attest of each payable peril; changes when
a payable peril is defined otherwise.

Four members, each with its own probes, three with the flows of a hop upstream, apply the shipped
rules to slots of five seconds; the quorum and the runs are the contracts'. Waiting time, coverage
lag and limits are a product's and come after: here a single slot counts.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from oracles.attest.observe import Lookout, Subject
from oracles.attest.sources import FlowCache, FlowTable, ProbeFile, Rebase
from oracles.domain.alert import Alert
from oracles.domain.incident import (
    EPOCH_SLOTS,
    MICROS,
    Epoch,
    LostRule,
    Slot,
    SlotMasks,
    quorum_masks,
    slots_of,
)
from oracles.domain.thresholds import FLOOD, Origin
from oracles.evidence.observation import Terms, masks_of
from oracles.evidence.pseudonym import Pseudonyms

SLOT_S: Final = 5
VANTAGES: Final = (1, 2, 3, 4)
HOPS: Final = (1, 2, 3)  # the fourth member sees no flows
LOST_QUORUM: Final = 3  # floor((n + f) / 2) + 1 of four with one faulty
ATTACK_QUORUM: Final = 2  # f + 1
MERGE_SLOTS: Final = 2  # clear slots that a run bridges
TERMS: Final = Terms(SLOT_S, LostRule(), FLOOD)

ATTACK: Final = Origin(
    f"{FLOOD.origin.source}; {TERMS.lost.source}",
    "T1498",
    "action.hacking.variety.DoS; attribute.availability.variety.Interruption",
)
OUTAGE: Final = Origin(TERMS.lost.source, "", "attribute.availability.variety.Interruption")
ORIGINS: Final = {
    "service_attack": ATTACK,
    "service_outage": OUTAGE,
    "dependency_outage": OUTAGE,
}

# where a recording begins on chain: the first second of an epoch
_BASE_S: Final = 10 * EPOCH_SLOTS * SLOT_S
_EPOCH: Final = Epoch(_BASE_S // SLOT_S // EPOCH_SLOTS)


def incidents(folder: Path, perils: Iterable[str] = tuple(ORIGINS)) -> list[Alert]:
    """The runs of slots by which each payable peril would pay in a recording of the path; severity
    is their seconds, times are the recording's own. Raises FileNotFoundError for a missing one."""
    truth = json.loads((folder / "truth.json").read_text())
    start_us = truth["phases"][0]["start"]
    own = _masks(folder, truth, "svc", "probes")
    needed = SlotMasks()
    if "dep" in truth["hosts"]:
        needed = _masks(folder, truth, "dep", "dependency")
    paying = {
        "service_attack": own.lost & own.attack,
        "service_outage": own.lost,
        "dependency_outage": own.lost & needed.lost,
    }
    return [
        Alert(
            peril=peril,
            subject=truth["hosts"]["svc"]["address"],
            counterpart=truth["hosts"]["dep"]["address"] if peril == "dependency_outage" else "",
            start_us=start_us + (run[0] * SLOT_S - _BASE_S) * MICROS,
            end_us=start_us + ((run[-1] + 1) * SLOT_S - _BASE_S) * MICROS,
            severity=len(run) * SLOT_S,
            unit="s",
            origin=ORIGINS[peril],
        )
        for peril in perils
        for run in _runs(sorted(slots_of(paying[peril], _EPOCH)))
    ]


def _masks(folder: Path, truth: dict[str, Any], host: str, kind: str) -> SlotMasks:
    """What the quorum marks of one host, by the probes of files named ``kind_outN``."""
    address = truth["hosts"][host]["address"]
    rebase = Rebase(truth["phases"][0]["start"], _BASE_S)
    length = (truth["phases"][-1]["end"] - truth["phases"][0]["start"]) // MICROS
    slots = range(_BASE_S // SLOT_S, (_BASE_S + length) // SLOT_S)
    lanes = []
    with tempfile.TemporaryDirectory() as scratch:
        cache = FlowCache(Path(scratch))
        for number in VANTAGES:
            upstream = None
            if number in HOPS:
                (hop,) = folder.glob(f"hop{number}.*")
                upstream = FlowTable(cache.exported(hop, SLOT_S, rebase), rebase)
            probes = ProbeFile(folder / f"{kind}_out{number}.jsonl.xz", rebase)
            lookout = Lookout(probes, upstream, Pseudonyms(bytes(16)))
            subject = Subject(0, f"{address}:80", (address,))
            marks = lookout.marks(subject, slots, _BASE_S + length + 60, TERMS)
            lanes.append(masks_of(marks, _EPOCH))
    return quorum_masks(lanes, LOST_QUORUM, ATTACK_QUORUM)


def _runs(slots: Sequence[Slot]) -> list[list[Slot]]:
    """Slots cut where more than MERGE_SLOTS clear ones lie between two."""
    found: list[list[Slot]] = []
    for slot in slots:
        if found and slot - found[-1][-1] - 1 <= MERGE_SLOTS:
            found[-1].append(slot)
        else:
            found.append([slot])
    return found
