"""The bundle behind an observation: what it holds and what follows from it; changes when the form
of that evidence does.

``derive`` applies the rules to the bundle alone, so anyone gets the masks that were signed, bit
for bit. Addresses in it are pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from oracles.domain.flood import Load, attacked_seconds
from oracles.domain.incident import (
    MICROS,
    Epoch,
    LostRule,
    ProbeResult,
    Slot,
    SlotMasks,
    mask_of,
    slot_at,
)
from oracles.domain.thresholds import FloodThreshold, Origin
from oracles.evidence.bundle import Bundle, EvidenceError
from oracles.evidence.pseudonym import Pseudonyms
from oracles.traffic.probes import Probe

KIND: Final = "observation"


@dataclass(frozen=True)
class Mark:
    """One slot that a member marks, with the evidence for each of its two bits (None = not set)."""

    slot: Slot
    lost: Mapping[str, Any] | None
    attack: Mapping[str, Any] | None

    def bits(self) -> tuple[bool, bool]:
        """Whether it is marked lost, and attacked."""
        return self.lost is not None, self.attack is not None

    def within(self, masks: SlotMasks, epoch: Epoch) -> Mark:
        """The mark with only those bits that the masks have too."""
        bit = mask_of([self.slot], epoch)
        return Mark(
            self.slot,
            self.lost if masks.lost & bit else None,
            self.attack if masks.attack & bit else None,
        )


@dataclass(frozen=True)
class Terms:
    """The rules that apply to a subject's slots."""

    slot_length: int
    lost: LostRule
    flood: FloodThreshold


@dataclass(frozen=True)
class Witness:
    """Who saw it, from where, and for which contract."""

    chain_id: int
    registry: str
    committee_version: int
    member: str
    vantage: str


def lost_evidence(probes: Sequence[Probe], names: Pseudonyms) -> dict[str, Any]:
    """The probes of one slot."""
    return {"probes": [asdict(p) | {"target": names.target(p.target)} for p in probes]}


def attack_evidence(
    slot: Slot, loads: Mapping[str, Load], terms: Terms, names: Pseudonyms
) -> dict[str, Any] | None:
    """Counters, second by second, of the hosts whose load made the slot attacked, or None."""
    first = slot * terms.slot_length - terms.flood.mean_s + 1
    last = (slot + 1) * terms.slot_length
    hosts = []
    for host, load in sorted(loads.items()):
        part = _part(load, first, last)
        if _attacked(part, slot, terms):
            hosts.append(
                {
                    "host": names.host(host),
                    "seconds": part.second.tolist(),
                    "packets": part.packets.tolist(),
                    "ip_bytes": part.bytes.tolist(),
                    "flows": part.flows.tolist(),
                }
            )
    return {"hosts": hosts} if hosts else None


def _part(load: Load, first: int, last: int) -> Load:
    inside = (load.second >= first) & (load.second < last)
    return Load(load.second[inside], load.packets[inside], load.bytes[inside], load.flows[inside])


def _attacked(load: Load, slot: Slot, terms: Terms) -> bool:
    seconds = attacked_seconds(load, terms.flood)
    return bool((seconds // terms.slot_length == slot).any())


def build(
    witness: Witness,
    subject: int,
    epoch: Epoch,
    terms: Terms,
    marks: Iterable[Mark],
) -> dict[str, Any]:
    """The bundle for the marks of one epoch."""
    marks = sorted(marks, key=lambda mark: mark.slot)
    masks = masks_of(marks, epoch)
    return {
        "kind": KIND,
        "format": 1,
        **asdict(witness),
        "subject": hex(subject),
        "epoch": epoch,
        "slot_length": terms.slot_length,
        "lost_rule": asdict(terms.lost),
        "flood_rule": asdict(terms.flood),
        "slots": [
            {"slot": m.slot, "lost": m.lost, "attack": m.attack} for m in marks if any(m.bits())
        ],
        "lost_mask": hex(masks.lost),
        "attack_mask": hex(masks.attack),
    }


def masks_of(marks: Iterable[Mark], epoch: Epoch) -> SlotMasks:
    """The masks that the marks add up to in one epoch."""
    marks = list(marks)
    return SlotMasks(
        mask_of((m.slot for m in marks if m.lost is not None), epoch),
        mask_of((m.slot for m in marks if m.attack is not None), epoch),
    )


def derive(bundle: Bundle) -> SlotMasks:
    """The masks that the bundle's probes and counters give under the bundle's rules.

    Raises EvidenceError when the bundle is not of this kind or does not hold what it must.
    """
    try:
        terms = Terms(
            bundle["slot_length"],
            LostRule(**bundle["lost_rule"]),
            FloodThreshold(**bundle["flood_rule"] | {"origin": _origin(bundle["flood_rule"])}),
        )
        epoch = Epoch(bundle["epoch"])
        slots = bundle["slots"]
        return SlotMasks(
            mask_of((s["slot"] for s in slots if s["lost"] and _lost(s, terms)), epoch),
            mask_of((s["slot"] for s in slots if s["attack"] and _flooded(s, terms)), epoch),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(KIND, f"is malformed: {error!r}") from error


def _origin(rule: Mapping[str, Any]) -> Origin:
    return Origin(**rule["origin"])


def _lost(item: Mapping[str, Any], terms: Terms) -> bool:
    probes = [ProbeResult(p["ts"], p["ok"]) for p in item["lost"]["probes"]]
    inside = all(slot_at(p.ts_us // MICROS, terms.slot_length) == item["slot"] for p in probes)
    return inside and terms.lost.is_lost(probes)


def _flooded(item: Mapping[str, Any], terms: Terms) -> bool:
    columns = ("seconds", "packets", "ip_bytes", "flows")
    return any(
        _attacked(Load(*(np.array(host[c], np.int64) for c in columns)), item["slot"], terms)
        for host in item["attack"]["hosts"]
    )
