"""Which messages of others a member takes in; changes when the conditions for that do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from contracts.client.messages import Observation, ScoreVector
from oracles.attest import batches
from oracles.attest.batches import Batch, MalformedBatch
from oracles.attest.messages import Domains, MalformedMessage, Signed, from_wire
from oracles.domain.incident import EPOCH_SLOTS
from oracles.domain.quorum import Committee, Frame, Signer
from oracles.quorum.store import Store

Outcome = Literal[
    "accepted",
    "known",
    "equivocation",
    "malformed",
    "not_a_member",
    "out_of_time",
    "unknown_subject",
]

MOST_MESSAGES = 512
"""In one request."""


@dataclass(frozen=True)
class Admission:
    """What is admitted as of one block: the committees by version and the rounds that are open."""

    committees: Mapping[int, Committee] = field(default_factory=dict)
    frames: range = range(0)
    epochs: range = range(0)
    subjects: Collection[int] = ()
    sensors: Mapping[int, Signer] = field(default_factory=dict)
    """risk → whose batches count"""
    now: int = 0
    """the block's time"""
    frame_length: int = 1
    slot_length: int = 1


@dataclass(frozen=True)
class BatchOutcome:
    """What became of a batch, and the sequence number that this member waits for next."""

    outcome: Literal["accepted", "known", "malformed", "unknown_sensor", "broken_chain"]
    expects: int


class Inbox:
    """Takes in messages from any thread; ``count`` is told every outcome (kind, signer, outcome),
    ``late`` how long after its frame or slot an accepted one came (kind, signer, seconds)."""

    def __init__(
        self,
        store: Store,
        domains: Domains,
        chain_id: int,
        feed: str,
        count: Callable[[str, str, str], None],
        late: Callable[[str, str, int], None] = lambda *_: None,
    ) -> None:
        self._store = store
        self._domains = domains
        self._place = (chain_id, feed)
        self._count = count
        self._late = late
        self.admission = Admission()

    def take(self, wires: Sequence[object]) -> dict[Outcome, int]:
        """Takes in messages and counts what became of them."""
        return dict(Counter(self._take(wire) for wire in wires[:MOST_MESSAGES]))

    def _take(self, wire: object) -> Outcome:
        try:
            signed = from_wire(wire, self._domains)
        except MalformedMessage:
            self._count("message", "", "malformed")
            return "malformed"
        outcome = self._admit(signed)
        self._count(type(signed.word).__name__, signed.signer, outcome)
        return outcome

    def _admit(self, signed: Signed) -> Outcome:
        word = signed.word
        committee = self.admission.committees.get(word.committee_version)
        if committee is None or committee.seat(signed.signer) is None:
            return "not_a_member"
        if isinstance(word, ScoreVector):
            return self._admit_vector(signed, word)
        return self._admit_observation(signed, word)

    def _admit_vector(self, signed: Signed, vector: ScoreVector) -> Outcome:
        if vector.frame not in self.admission.frames:
            return "out_of_time"
        if self._store.add_vector(signed, vector):
            self._came("scores", signed.signer, (vector.frame + 1) * self.admission.frame_length)
            return "accepted"
        frame, first = Frame(vector.frame), vector.first_risk_index
        known = self._store.vectors(vector.committee_version, frame, first)
        same = any(one.word == vector for one in known if one.signer == signed.signer)
        return "known" if same else "equivocation"

    def _admit_observation(self, signed: Signed, seen: Observation) -> Outcome:
        if seen.subject not in self.admission.subjects:
            return "unknown_subject"
        if seen.epoch not in self.admission.epochs:
            return "out_of_time"
        if not self._store.add_observation(signed, seen):
            return "known"
        newest = seen.epoch * EPOCH_SLOTS + (seen.lost_mask | seen.attack_mask).bit_length()
        self._came("marks", signed.signer, newest * self.admission.slot_length)
        return "accepted"

    def _came(self, kind: str, signer: Signer, due: int) -> None:
        self._late(kind, signer, self.admission.now - due)

    def take_batch(self, wire: object) -> BatchOutcome:
        """Takes in a sensor's batch, noting what is missing before it."""
        try:
            batch = batches.from_wire(wire)
        except MalformedBatch:
            return self._batch("malformed", -1)
        header = batch.header
        if (header.chain_id, header.feed) != self._place:
            return self._batch("malformed", -1)
        if self.admission.sensors.get(header.risk) != batch.sensor:
            return self._batch("unknown_sensor", -1)
        return self._follow(batch)

    def _follow(self, batch: Batch) -> BatchOutcome:
        header = batch.header
        end = self._store.chain_end(batch.sensor, header.risk)
        if header.sequence <= end.sequence:
            return self._batch("known", end.sequence + 1)
        try:
            gap = batches.follow(end, header)
        except MalformedBatch:
            return self._batch("broken_chain", end.sequence + 1)
        self._store.add_batch(batch, gap)
        self._came("batch", batch.sensor, (header.frame + 1) * self.admission.frame_length)
        return self._batch("accepted", header.sequence + 1)

    def _batch(
        self,
        outcome: Literal["accepted", "known", "malformed", "unknown_sensor", "broken_chain"],
        expects: int,
    ) -> BatchOutcome:
        self._count("batch", "", outcome)
        return BatchOutcome(outcome, expects)
