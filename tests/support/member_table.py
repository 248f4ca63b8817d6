"""A committee in one process without sockets: members over a hand-written chain, for unit tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from contracts.client.messages import (
    Domain,
    Observation,
    ScoreVector,
    digest,
    unpack_scores,
)
from contracts.client.signatures import address_of, recover
from oracles.attest import batches, messages
from oracles.attest.batches import GENESIS, Batch, BatchHeader, payload_hash, seal
from oracles.attest.behaviour import Behaviour, Honest
from oracles.attest.hands import OwnKey
from oracles.attest.messages import Domains, Signed, masks_of
from oracles.attest.observe import Lookout, Subject
from oracles.attest.score import LaneScorer, Scored, pack_flows
from oracles.attest.sources import LIVE, Arrival, FlowTable
from oracles.domain.agreement import Compared
from oracles.domain.flow import Quarantine, build
from oracles.domain.incident import (
    MICROS,
    Epoch,
    LostRule,
    Slot,
    SlotMasks,
    epoch_of,
    mask_of,
    quorum_masks,
    slots_of,
)
from oracles.domain.quorum import (
    ChainTerms,
    Committee,
    Frame,
    Member,
    ScoreState,
    Signer,
    Timing,
    medians,
)
from oracles.domain.thresholds import FLOOD
from oracles.evidence.bundle import EvidenceStore
from oracles.evidence.observation import Terms
from oracles.evidence.pseudonym import Pseudonyms
from oracles.quorum.attest_round import AttestRound
from oracles.quorum.chain import Delivered, Deployed, Undelivered
from oracles.quorum.identity import Identity
from oracles.quorum.inbox import Admission, Inbox
from oracles.quorum.score_round import ScoreRound, SensorOf
from oracles.quorum.store import Store
from oracles.traffic.probes import Micros, Probe

FEED = "0x" + "11" * 20
REGISTRY = "0x" + "22" * 20
DOMAINS = Domains(Domain("RiskFeed", 1337, FEED), Domain("IncidentRegistry", 1337, REGISTRY))
TERMS = ChainTerms(frame_length=60, max_frame_age=30, slot_length=10, max_report_delay=300)
TIMING = Timing(
    batch_allowance=5,
    probe_arrival=2,
    turn_delay=10,
    attest_patience=30,
    close_margin=15,
    heartbeat_frames=10,
    grace_ms=0,
)
START = 1_800_000_000
"""A second at which a frame and an epoch begin."""

SMALL_FLOOD = replace(FLOOD, packets_per_s=200, bits_per_s=10_000_000, flows_per_s=200)
"""FastNetMon's thresholds, a hundredth of them."""

SENSOR_KEY = b"\x55" * 32
SENSOR = Signer(address_of(SENSOR_KEY))
TARGET = "10.0.0.1:80"
SUBJECT = Subject(0, TARGET, ("10.0.0.1",))
KEYS = sorted((bytes([i]) * 32 for i in range(1, 8)), key=lambda key: int(address_of(key), 16))


def committee_of(n: int, blind: int = 1) -> Committee:
    """n members; the last ``blind`` of them do not see attacks."""
    f = (n - 1) // 3
    members = tuple(
        Member(Signer(address_of(key)), sees_attacks=i < n - blind)
        for i, key in enumerate(KEYS[:n])
    )
    return Committee(1, members, 2 * f + 1, (n + f) // 2 + 1, f + 1)


class CountingScorer:
    """Ten points of score a flow that ended in the frame."""

    model_hash = b"\x77" * 32

    def lookback_s(self, frame_length_s: int) -> int:
        return 2 * frame_length_s

    def score(
        self, flows: pd.DataFrame, hosts: Sequence[str], frame: int, frame_length_s: int
    ) -> Scored:
        length_us = frame_length_s * MICROS
        count = int((flows["ts"] // length_us == frame).sum())
        return Scored(self.rescore({"flows": count}), {"flows": count})

    def rescore(self, features: Mapping[str, int]) -> int:
        return min(10 * features["flows"], 10_000)


def flows_at(times_us: Sequence[int], resp_h: str = "10.0.0.1") -> pd.DataFrame:
    """Flows of one packet of 60 bytes."""
    return build(
        {
            "ts": list(times_us),
            "duration_us": [0] * len(times_us),
            "orig_h": ["10.9.9.9"] * len(times_us),
            "resp_h": [resp_h] * len(times_us),
            "orig_p": [1] * len(times_us),
            "resp_p": [80] * len(times_us),
            "proto": ["tcp"] * len(times_us),
            "orig_pkts": [1] * len(times_us),
            "orig_ip_bytes": [60] * len(times_us),
            "resp_pkts": [0] * len(times_us),
            "resp_ip_bytes": [0] * len(times_us),
            "conn_state": ["S0"] * len(times_us),
        }
    )


def batch_of(
    frame: int, sequence: int, flows: pd.DataFrame, previous: bytes = GENESIS, risk: int = 0
) -> Batch:
    """A sensor's batch."""
    payload = pack_flows(flows)
    header = BatchHeader(
        1337, FEED, risk, frame, sequence, "0x" + previous.hex(), payload_hash(payload),
        len(flows), 0, ("10.0.0.1",),
    )  # fmt: skip
    return seal(header, payload, SENSOR_KEY, SENSOR)


def probe(ts_s: float, ok: bool, target: str = TARGET) -> Probe:
    """One probe at a second of chain time."""
    return Probe(
        Micros(round(ts_s * MICROS)), "out", target, "http", ok, 900 if ok else None,
        None if ok else "timeout",
    )  # fmt: skip


@dataclass
class Probes:
    """A member's probes, in memory."""

    probes: list[Probe] = field(default_factory=list)
    quarantine: Quarantine = field(default_factory=Quarantine)

    def visible(self, start_us: int, now_us: int) -> Sequence[Probe]:
        return [p for p in self.probes if start_us <= p.ts < now_us]

    def arrival(self, now_us: int) -> Arrival:
        return Arrival(0, self.quarantine)

    def every_second(self, seconds: range, down: range) -> None:
        """Two probes a second that fail while the service is down."""
        for t in seconds:
            self.probes += [probe(t, t not in down), probe(t + 0.5, t not in down)]


@dataclass
class FakeChain:
    """Blocks, scores and marks; refuses what the contracts refuse."""

    committee: Committee
    now: int = START
    number: int = 1
    risks: int = 1
    scores: dict[int, ScoreState] = field(default_factory=dict)
    marks: dict[tuple[int, int], dict[Signer, SlotMasks]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    deployed: Deployed = field(
        default=Deployed("fake", 1337, FEED, REGISTRY, DOMAINS, TERMS), init=False
    )

    def view(self) -> FakeChain:
        return self

    def frame_committee(self, frame: Frame) -> Committee | None:
        return self.committee

    def epoch_committee(self, epoch: Epoch) -> Committee | None:
        return self.committee

    def risk_count(self) -> int:
        return self.risks

    def score_states(self, first_risk: int, count: int) -> Sequence[ScoreState]:
        nothing = ScoreState(500, 500, None, 500)
        return [self.scores.get(r, nothing) for r in range(first_risk, first_risk + count)]

    def lanes(self, subject: int, epoch: Epoch, committee: Committee) -> Mapping[Signer, SlotMasks]:
        return dict(self.marks.get((subject, epoch), {}))

    def report(self, sender: str, frame: Frame, vectors: Sequence[Signed]) -> str | None:
        """Why the report is refused; None when it is done."""
        words = [v.word for v in vectors]
        signers = [recover(digest(v.word, DOMAINS.risk_feed), v.signature) for v in vectors]
        if signers != sorted(set(signers), key=lambda s: int(s, 16)):
            return "SignersNotSorted"
        if len(signers) < self.committee.vector_quorum:
            return "QuorumNotReached"
        if any(s.frame is not None and s.frame >= frame for s in self.scores.values()):
            return "FrameTooOld"
        assert all(isinstance(w, ScoreVector) and w.frame == frame for w in words)
        lanes = medians([unpack_scores(w.scores) for w in words if isinstance(w, ScoreVector)])
        for risk in range(self.risks):
            self.scores[risk] = ScoreState(lanes[risk], lanes[risk], frame, 500)
        self.sent.append(f"report {frame} by {sender}")
        return None

    def attest(
        self, sender: str, subject: int, epoch: Epoch, observations: Sequence[Signed]
    ) -> str | None:
        """Why the observations are refused; None when they are done."""
        lanes = dict(self.marks.get((subject, epoch), {}))
        added = 0
        for signed in observations:
            assert isinstance(signed.word, Observation)
            signer = Signer(
                recover(digest(signed.word, DOMAINS.incident_registry), signed.signature)
            )
            have = lanes.get(signer, SlotMasks())
            added |= masks_of(signed.word).without(have).either
            lanes[signer] = have | masks_of(signed.word)
        for slot in slots_of(added, epoch):
            if (slot + 1) * TERMS.slot_length > self.now:
                return "SlotNotEnded"
            if (slot + 1) * TERMS.slot_length + TERMS.max_report_delay <= self.now:
                return "SlotClosed"
        if not added:
            return "NothingMarked"
        self.marks[subject, epoch] = lanes
        self.sent.append(f"attest {len(observations)} by {sender}")
        return None


@dataclass
class FakeDesk:
    """One member's account; ``broken`` says why nothing it sends arrives."""

    chain: FakeChain
    sender: str
    broken: str | None = None

    def report(
        self, work: str, frame: Frame, first_risk: int, vectors: Sequence[Signed]
    ) -> Delivered | Undelivered:
        refusal = self.broken or self.chain.report(self.sender, frame, vectors)
        return Undelivered(refusal) if refusal else Delivered(b"\x01" * 32, 1)

    def attest(
        self, work: str, subject: int, epoch: Epoch, observations: Sequence[Signed]
    ) -> Delivered | Undelivered:
        refusal = self.broken or self.chain.attest(self.sender, subject, epoch, observations)
        return Undelivered(refusal) if refusal else Delivered(b"\x02" * 32, 1)


@dataclass
class Mesh:
    """Gives each message to every member that can be reached."""

    inboxes: dict[str, Inbox] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def box(self, name: str) -> Box:
        return Box(self, name)


@dataclass
class Box:
    mesh: Mesh
    name: str

    def offer(self, signed: Signed) -> None:
        self.offer_each([signed])

    def offer_each(self, versions: Sequence[Signed]) -> None:
        if self.name in self.mesh.cut:
            return
        others = [name for name in self.mesh.inboxes if name != self.name]
        for i, name in enumerate(others):
            if name not in self.mesh.cut:
                wire = messages.to_wire(versions[i % len(versions)])
                self.mesh.inboxes[name].take([wire])


@dataclass
class Seat:
    """One member with all its parts."""

    name: str
    me: Identity
    probes: Probes
    store: Store
    evidence: EvidenceStore
    inbox: Inbox
    desk: FakeDesk
    scores: ScoreRound
    attests: AttestRound


class Table:
    """n members around one chain."""

    def __init__(
        self,
        n: int,
        folder: Path,
        behaviours: Mapping[int, Behaviour] | None = None,
        upstream: pd.DataFrame | None = None,
        timing: Timing = TIMING,
        subject: Subject = SUBJECT,
    ) -> None:
        self.subject = subject
        self.chain = FakeChain(committee_of(n))
        self.mesh = Mesh()
        self.folder = folder
        self.upstream = upstream
        self.timing = timing
        self.behaviours = behaviours or {}
        self.sensors = (SensorOf(0, SENSOR),)
        self.down: set[int] = set()
        self.compared: list[tuple[str, str, Signer, Compared]] = []
        self.late: list[tuple[str, str, int]] = []
        self.sequence, self.previous = 0, GENESIS
        self.seats = [self.seat(i) for i in range(n)]

    def seat(self, i: int) -> Seat:
        """Member i, with the database that it left if it was here before."""
        name = f"m{i}"
        me = Identity(OwnKey(KEYS[i]), f"out{i}", self.behaviours.get(i, Honest()))
        home = self.folder / name
        home.mkdir(exist_ok=True)
        store = Store(home / "member.sqlite", "fake")
        evidence = EvidenceStore(home / "evidence")
        inbox = Inbox(
            store, DOMAINS, 1337, FEED, lambda *_: None, lambda *late: self.late.append(late)
        )
        self.mesh.inboxes[name] = inbox
        desk = FakeDesk(self.chain, name)
        probes = Probes()
        sees = self.chain.committee.members[i].sees_attacks and self.upstream is not None
        upstream = FlowTable(self.upstream, LIVE) if sees and self.upstream is not None else None
        gossip = me.behaviour.voice(self.mesh.box(name), lambda word: me.sign(word, DOMAINS))
        shared = (me, self.chain, desk, store, evidence, gossip)
        terms = Terms(TERMS.slot_length, LostRule(), SMALL_FLOOD)
        lookout = Lookout(probes, upstream, Pseudonyms(b"k" * 32))
        lanes = LaneScorer(CountingScorer(), store, TERMS.frame_length)

        def compared(kind: str, signer: Signer, found: Compared) -> None:
            self.compared.append((name, kind, signer, found))

        return Seat(
            name, me, probes, store, evidence, inbox, desk,
            ScoreRound(*shared, lanes, self.timing, lambda: 0.0, compared),
            AttestRound(*shared, lookout, terms, self.timing, compared),
        )  # fmt: skip

    def at(self, now: int) -> None:
        """A new block at ``now``."""
        self.chain.now = now
        self.chain.number += 1
        frame = now // TERMS.frame_length
        epoch = now // TERMS.slot_length // 64
        for seat in self.seats:
            seat.inbox.admission = Admission(
                {1: self.chain.committee},
                range(frame - 3, frame + 3),
                range(max(epoch - 2, 0), epoch + 2),
                {self.subject.number},
                {0: SENSOR},
                now,
                TERMS.frame_length,
                TERMS.slot_length,
            )

    def give(self, frame: int, flows: pd.DataFrame) -> None:
        """The sensor's next batch, for every member."""
        batch = batch_of(frame, self.sequence, flows, self.previous)
        self.sequence, self.previous = self.sequence + 1, batch.header.hash()
        for seat in self.seats:
            seat.inbox.take_batch(batches.to_wire(batch))

    def score(self) -> dict[str, str]:
        """One cycle of scores of each living member, in order of seats."""
        return {
            s.name: s.scores.cycle(self.chain, self.sensors)
            for i, s in enumerate(self.seats)
            if i not in self.down
        }

    def attest(self) -> dict[str, str]:
        """One cycle of observations of each living member."""
        return {
            s.name: s.attests.cycle(self.chain, self.subject)
            for i, s in enumerate(self.seats)
            if i not in self.down
        }

    def lost(self, slots: Sequence[Slot]) -> bool:
        """Whether the chain's quorum says that all these slots were lost."""
        committee = self.chain.committee
        for slot in slots:
            epoch = epoch_of(slot)
            lanes = self.chain.marks.get((self.subject.number, epoch), {})
            masks = quorum_masks(lanes.values(), committee.lost_quorum, committee.attack_quorum)
            if not masks.lost & mask_of([slot], epoch):
                return False
        return True
