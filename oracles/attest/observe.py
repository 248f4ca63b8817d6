"""Which slots a member marks from what it sees itself; changes when a payable peril is added.

A slot is lost by the member's own probes alone, and attacked by its own upstream view alone. What
a sensor at the insured says has no way in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracles.attest.sources import Arrival, FlowSource, ProbeSource
from oracles.domain.flood import Load, load
from oracles.domain.incident import MICROS, ProbeResult, Slot, lost_slots
from oracles.evidence.observation import Mark, Terms, attack_evidence, lost_evidence
from oracles.evidence.pseudonym import Pseudonyms
from oracles.traffic.probes import Probe


@dataclass(frozen=True)
class Subject:
    """What is watched: its number on chain, the service probed, and its hosts' addresses."""

    number: int
    target: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Lookout:
    """A member's outside view; ``upstream`` is None where it sees no flows."""

    probes: ProbeSource
    upstream: FlowSource | None
    names: Pseudonyms

    def poll(self) -> None:
        """Takes in what has come from a running recorder."""
        if self.upstream is not None:
            self.upstream.poll()

    def arrivals(self, now: int) -> dict[str, Arrival]:
        """How each source stands at second ``now`` of chain time."""
        found = {"probes": self.probes.arrival(now * MICROS)}
        if self.upstream is not None:
            found["upstream"] = self.upstream.arrival(now * MICROS)
        return found

    def marks(self, subject: Subject, slots: range, now: int, terms: Terms) -> list[Mark]:
        """The slots among ``slots`` to be marked, as far as records are visible at second
        ``now`` of chain time, in order."""
        if not slots:
            return []
        start_us, now_us = slots[0] * terms.slot_length * MICROS, now * MICROS
        lost = self._lost(subject, slots, start_us, now_us, terms)
        loads = self._loads(subject, start_us - terms.flood.mean_s * MICROS, now_us)
        marks = []
        for slot in map(Slot, slots):
            probes = lost.get(slot)
            mark = Mark(
                slot,
                lost_evidence(probes, self.names) if probes else None,
                attack_evidence(slot, loads, terms, self.names),
            )
            if any(mark.bits()):
                marks.append(mark)
        return marks

    def _lost(
        self, subject: Subject, slots: range, start_us: int, now_us: int, terms: Terms
    ) -> dict[Slot, Sequence[Probe]]:
        mine = [p for p in self.probes.visible(start_us, now_us) if p.target == subject.target]
        results = [ProbeResult(p.ts, p.ok) for p in mine]
        lost = lost_slots(results, slots, terms.slot_length, terms.lost)
        length_us = terms.slot_length * MICROS
        return {slot: [p for p in mine if p.ts // length_us == slot] for slot in lost}

    def _loads(self, subject: Subject, start_us: int, now_us: int) -> dict[str, Load]:
        if self.upstream is None:
            return {}
        flows = self.upstream.visible(start_us, now_us)
        return {host: load(flows, host, origin_us=0) for host in subject.hosts}
