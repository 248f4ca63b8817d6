"""One round of scores: from the sensors' batches of a closed frame to a report on chain; changes
when the steps of that round do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.client.messages import ScoreVector, pack_scores, unpack_scores
from oracles.attest.batches import to_wire
from oracles.attest.behaviour import Gossip
from oracles.attest.messages import MOST_RISKS, Signed
from oracles.attest.score import Lane, LaneScorer
from oracles.domain.agreement import Compared, of_scores
from oracles.domain.quorum import (
    NO_SENSOR,
    Committee,
    Frame,
    Signer,
    Timing,
    frame_at,
    line,
    medians,
    report_reason,
)
from oracles.evidence import score as score_evidence
from oracles.evidence.bundle import EvidenceStore
from oracles.quorum.chain import Chain, ChainView, Delivered, Desk
from oracles.quorum.identity import Identity
from oracles.quorum.store import Store

LATE_FRAMES: Final = 2
"""How many frames before the newest are still reported when their quorum comes late."""


@dataclass(frozen=True)
class SensorOf:
    """Whose batches count for a risk."""

    risk: int
    sensor: Signer


@dataclass
class ScoreRound:
    """Runs the rounds of one member. ``clock`` gives seconds that only rise, for the grace;
    ``compared`` is told of each member's vector of a frame that is past (kind, signer, how)."""

    me: Identity
    chain: Chain
    desk: Desk
    store: Store
    evidence: EvidenceStore
    gossip: Gossip
    lanes: LaneScorer
    timing: Timing
    clock: Callable[[], float]
    compared: Callable[[str, Signer, Compared], None] = lambda *_: None
    _compared_to: int = 0
    _grace: dict[str, float] = field(default_factory=dict)
    _grace_before: dict[str, float] = field(default_factory=dict)

    @property
    def in_grace(self) -> bool:
        """Whether it waits for the local clock, not for the chain."""
        return bool(self._grace)

    def cycle(self, view: ChainView, sensors: Sequence[SensorOf]) -> str:
        """Does what can be done for the newest closed frame, and for those just before it whose
        quorum came late; the sentence says what and why."""
        self._grace_before, self._grace = self._grace, {}
        newest = Frame(frame_at(view.now, self.chain.deployed.terms.frame_length) - 1)
        said = [self._newest(view, newest, sensors)]
        for frame in range(newest - 1, newest - 1 - LATE_FRAMES, -1):
            said += self._late(view, Frame(frame), newest, sensors)
        self._compare(view, Frame(newest - 1 - LATE_FRAMES))
        return "; ".join(said)

    def _compare(self, view: ChainView, frame: Frame) -> None:
        """Compares the vectors of a frame that nobody reports any more, once."""
        if frame <= self._compared_to:
            return
        self._compared_to = frame
        committee = view.frame_committee(frame)
        for first in range(0, view.risk_count() if committee else 0, MOST_RISKS):
            own = self._signed(committee, frame, first) if committee else None
            if committee is None or own is None:
                continue
            vectors = {
                signed.signer: unpack_scores(_vector(signed).scores)
                for signed in self._collected(committee, frame, own)
            }
            members = [member.signer for member in committee.active]
            for signer, found in of_scores(vectors, members).items():
                self.compared("scores", signer, found)

    def _newest(self, view: ChainView, frame: Frame, sensors: Sequence[SensorOf]) -> str:
        committee = view.frame_committee(frame)
        if committee is None or committee.seat(self.me.signer) is None:
            return f"frame {frame}: no seat in its committee"
        seen_at = self.store.seen_closed(frame, view.now)
        missing = [s for s in sensors if not self.store.has_batch(s.risk, s.sensor, frame)]
        if missing and view.now < seen_at + self.timing.batch_allowance:
            return f"frame {frame}: waiting for {len(missing)} of {len(sensors)} sensors"
        count = view.risk_count()
        if count == 0:
            return f"frame {frame}: no risk is registered"
        return "; ".join(
            self._group(view, committee, frame, first, min(count - first, MOST_RISKS), sensors)
            for first in range(0, count, MOST_RISKS)
        )

    def _late(
        self, view: ChainView, frame: Frame, newest: Frame, sensors: Sequence[SensorOf]
    ) -> list[str]:
        """What was sent for an earlier frame that this member signed. A newer frame with a quorum
        goes first: a report of the earlier one would come after it in vain."""
        committee = view.frame_committee(frame)
        if committee is None or committee.seat(self.me.signer) is None:
            return []
        said = []
        for first in range(0, view.risk_count(), MOST_RISKS):
            own = self._signed(committee, frame, first)
            newer = range(frame + 1, newest + 1)
            if own is not None and not any(self._quorate(view, Frame(n), first) for n in newer):
                count = min(len(own.scores) // 2, view.risk_count() - first)
                said.append(self._group(view, committee, frame, first, count, sensors))
        return [sentence for sentence in said if "submitted frame" in sentence]

    def _quorate(self, view: ChainView, frame: Frame, first: int) -> bool:
        """Whether this member holds a quorum of vectors of a frame that it signed itself."""
        committee = view.frame_committee(frame)
        own = self._signed(committee, frame, first) if committee else None
        if committee is None or own is None:
            return False
        return len(self._collected(committee, frame, own)) >= committee.vector_quorum

    def _group(
        self,
        view: ChainView,
        committee: Committee,
        frame: Frame,
        first: int,
        count: int,
        sensors: Sequence[SensorOf],
    ) -> str:
        work = f"report {committee.version} {frame} {first}"
        own = self._own_vector(committee, frame, first, count, sensors)
        vectors = self._collected(committee, frame, own)
        needed = committee.vector_quorum
        if len(vectors) < needed:
            return f"frame {frame}: quorum not reached: {len(vectors)} of {needed}"
        if self._reported(view, frame, first, count):
            return f"frame {frame}: already submitted"
        scores = medians([unpack_scores(_vector(s).scores) for s in vectors])
        reason = report_reason(scores, view.score_states(first, count), frame, self.timing)
        if reason is None:
            return f"frame {frame}: unchanged, not reported"
        turn = self.store.turn(work, view.now, self.timing.turn_delay)
        place = line(committee, frame).index(self.me.signer)
        if not self.me.behaviour.eager:
            if place > turn.place:
                return f"frame {frame}: {place} before me in line"
            if len(vectors) < len(committee.active) and not self._grace_over(work):
                return f"frame {frame}: {len(vectors)} vectors, a moment for the others"
        return self._send(work, frame, first, count, vectors, reason)

    def _own_vector(
        self,
        committee: Committee,
        frame: Frame,
        first: int,
        count: int,
        sensors: Sequence[SensorOf],
    ) -> ScoreVector:
        signed_before = self._signed(committee, frame, first)
        if signed_before is not None:
            return signed_before
        mine = [s for s in sensors if first <= s.risk < first + count]
        lanes = [self.lanes.lane(s.risk, s.sensor, frame) for s in mine]
        by_risk = {lane.risk: lane.score for lane in lanes}
        honest = [by_risk.get(risk, NO_SENSOR) for risk in range(first, first + count)]
        vector = ScoreVector(
            committee_version=committee.version,
            frame=frame,
            model_hash=self.lanes.scorer.model_hash,
            first_risk_index=first,
            scores=pack_scores(self.me.behaviour.scores(honest)),
        )
        self.store.add_scored(frame, first, self._keep_evidence(vector, lanes))
        signed = self.me.sign(vector, self.chain.deployed.domains)
        self.store.add_vector(signed, vector)
        self.gossip.offer(signed)
        return vector

    def _signed(self, committee: Committee, frame: Frame, first: int) -> ScoreVector | None:
        own = [
            _vector(signed)
            for signed in self.store.vectors(committee.version, frame, first)
            if signed.signer == self.me.signer
        ]
        return own[0] if own else None

    def _keep_evidence(self, vector: ScoreVector, lanes: Sequence[Lane]) -> bytes:
        deployed = self.chain.deployed
        for lane in lanes:
            for name in lane.batches:
                header_hash = bytes.fromhex(name.removeprefix("0x"))
                self.evidence.keep_batch(header_hash, to_wire(self.store.batch(header_hash)))
        return self.evidence.put(
            score_evidence.build(
                chain_id=deployed.chain_id,
                feed=deployed.feed,
                committee_version=vector.committee_version,
                member=self.me.signer,
                frame=vector.frame,
                frame_length=deployed.terms.frame_length,
                model_hash=vector.model_hash,
                first_risk=vector.first_risk_index,
                lanes=[lane.evidence() for lane in lanes],
            )
        )

    def _collected(self, committee: Committee, frame: Frame, own: ScoreVector) -> list[Signed]:
        return [
            signed
            for signed in self.store.vectors(committee.version, frame, own.first_risk_index)
            if committee.seat(signed.signer) is not None
            and _vector(signed).model_hash == own.model_hash
            and len(_vector(signed).scores) == len(own.scores)
        ]

    def _reported(self, view: ChainView, frame: Frame, first: int, count: int) -> bool:
        states = view.score_states(first, count)
        return any(state.frame is not None and state.frame >= frame for state in states)

    def _grace_over(self, work: str) -> bool:
        now = self.clock()
        since = self._grace_before.get(work, now)
        if now >= since + self.timing.grace_ms / 1000:
            return True
        self._grace[work] = since
        return False

    def _send(
        self,
        work: str,
        frame: Frame,
        first: int,
        count: int,
        vectors: Sequence[Signed],
        reason: str,
    ) -> str:
        if self._reported(self.chain.view(), frame, first, count):
            return f"frame {frame}: already submitted"
        self.me.behaviour.before("report")
        result = self.desk.report(
            work, frame, first, sorted(vectors, key=lambda signed: int(signed.signer, 16))
        )
        if isinstance(result, Delivered):
            return f"submitted frame {frame} with {len(vectors)} vectors ({reason})"
        return f"frame {frame}: not submitted: {result.reason}"


def _vector(signed: Signed) -> ScoreVector:
    assert isinstance(signed.word, ScoreVector)
    return signed.word
