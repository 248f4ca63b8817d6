"""One round of observations: from what a member sees outside to marked slots on chain; changes
when the steps of that round do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from contracts.client.messages import Observation
from oracles.attest.behaviour import Gossip
from oracles.attest.messages import Signed, masks_of
from oracles.attest.observe import Lookout, Subject
from oracles.domain.agreement import Compared, of_marks
from oracles.domain.incident import (
    EPOCH_SLOTS,
    Epoch,
    Slot,
    SlotClock,
    SlotMasks,
    epoch_of,
    mask_of,
    slots_of,
    votes,
)
from oracles.domain.quorum import (
    AttestPlan,
    Committee,
    Held,
    Signer,
    Timing,
    attest_is_due,
    line,
    plan_attest,
)
from oracles.evidence import observation as observation_evidence
from oracles.evidence.bundle import EvidenceStore
from oracles.evidence.observation import Mark, Terms, Witness
from oracles.quorum.chain import Chain, ChainView, Delivered, Desk
from oracles.quorum.identity import Identity
from oracles.quorum.store import Store


@dataclass
class AttestRound:
    """Runs the rounds of one member. ``compared`` is told of each member's mark of a slot that has
    closed (kind, signer, how)."""

    me: Identity
    chain: Chain
    desk: Desk
    store: Store
    evidence: EvidenceStore
    gossip: Gossip
    lookout: Lookout
    terms: Terms
    timing: Timing
    compared: Callable[[str, Signer, Compared], None] = lambda *_: None
    _judged_to: dict[int, int] = field(default_factory=dict)
    _compared_to: dict[int, int] = field(default_factory=dict)

    @property
    def clock(self) -> SlotClock:
        """Which slots can be judged and marked."""
        terms = self.chain.deployed.terms
        return SlotClock(
            terms.slot_length,
            terms.max_report_delay,
            self.timing.probe_arrival,
            self.timing.close_margin,
        )

    def cycle(self, view: ChainView, subject: Subject) -> str:
        """Judges the slots that have ended, signs what is new, and sends what is due; the sentence
        says what and why."""
        slots = self.clock.open_slots(view.now)
        if not slots:
            return f"subject {subject.number}: no slot is open"
        if self._judged_to.get(subject.number) != slots.stop:
            marks = self.lookout.marks(subject, slots, view.now, self.terms)
            self.store.add_marks(subject.number, marks)
            self._judged_to[subject.number] = slots.stop
        first, last = epoch_of(Slot(slots.start)), epoch_of(Slot(slots.stop - 1))
        epochs = [Epoch(epoch) for epoch in range(first, last + 1)]
        said = {epoch: self._epoch(view, subject.number, epoch) for epoch in epochs}
        self._compare(view, subject.number, slots.start)
        news = "; ".join(f"epoch {epoch}: {what}" for epoch, what in said.items() if what)
        return f"subject {subject.number}: {news or 'nothing marked'}"

    def _epoch(self, view: ChainView, subject: int, epoch: Epoch) -> str | None:
        """What was done about one epoch and why; None when nobody marks anything in it."""
        committee = view.epoch_committee(epoch)
        seat = committee.seat(self.me.signer) if committee else None
        if committee is None or seat is None:
            return "no seat in its committee"
        markable = self.clock.markable(epoch, view.now)
        self._sign_new(committee, subject, epoch, markable, seat.sees_attacks)
        held = self._held(committee, subject, epoch)
        if not held:
            return None
        recorded = view.lanes(subject, epoch, committee)
        if self.me.behaviour.eager:
            return self._send_own(subject, epoch, held, recorded, markable)
        plan = plan_attest([h for h, _ in held], recorded, committee, markable)
        if plan is None:
            return _why_not(held, recorded, committee, markable)
        return self._when_due(view, committee, subject, epoch, held, plan)

    def _compare(self, view: ChainView, subject: int, closed: int) -> None:
        """Compares the marks of the slots before ``closed`` that have not been, with what the chain
        and this member know."""
        first = self._compared_to.setdefault(subject, closed)
        self._compared_to[subject] = max(first, closed)
        slots = [Slot(slot) for slot in range(first, closed)]
        for epoch in sorted({epoch_of(slot) for slot in slots}):
            committee = view.epoch_committee(epoch)
            held = self._held(committee, subject, epoch) if committee else []
            if committee is None or not held:
                continue
            lanes = dict(view.lanes(subject, epoch, committee))
            for one, _ in held:
                lanes[one.signer] = lanes.get(one.signer, SlotMasks()) | one.masks
            members = [member.signer for member in committee.active]
            mask = mask_of(slots, epoch)
            for signer, found in of_marks(lanes, members, mask, committee.lost_quorum):
                self.compared("marks", signer, found)

    def _sign_new(
        self, committee: Committee, subject: int, epoch: Epoch, markable: int, attacks: bool
    ) -> None:
        slots = list(slots_of(markable, epoch))
        if not slots:
            return
        marks = self.store.marks(subject, slots[0], slots[-1])
        honest = observation_evidence.masks_of(marks, epoch) & markable
        judged = self._judged(subject, epoch)
        masks = self.me.behaviour.masks(honest, markable & judged)
        if not attacks:
            masks = SlotMasks(masks.lost, 0)
        if masks.without(self._signed(committee, subject, epoch)):
            self._sign(committee, subject, epoch, masks, marks)

    def _judged(self, subject: int, epoch: Epoch) -> int:
        """Bits of the epoch's slots that this member has judged."""
        bits = self._judged_to[subject] - epoch * EPOCH_SLOTS
        return (1 << min(max(bits, 0), EPOCH_SLOTS)) - 1

    def _signed(self, committee: Committee, subject: int, epoch: Epoch) -> SlotMasks:
        return reduce(
            or_,
            (
                masks_of(_observation(signed))
                for signed in self.store.observations(committee.version, subject, epoch)
                if signed.signer == self.me.signer
            ),
            SlotMasks(),
        )

    def _sign(
        self,
        committee: Committee,
        subject: int,
        epoch: Epoch,
        masks: SlotMasks,
        marks: Sequence[Mark],
    ) -> None:
        deployed = self.chain.deployed
        witness = Witness(
            deployed.chain_id,
            deployed.registry,
            committee.version,
            self.me.signer,
            self.me.vantage,
        )
        shown = [m.within(masks, epoch) for m in marks if epoch_of(m.slot) == epoch]
        bundle = observation_evidence.build(witness, subject, epoch, self.terms, shown)
        seen = Observation(
            committee_version=committee.version,
            subject=subject,
            epoch=epoch,
            lost_mask=masks.lost,
            attack_mask=masks.attack,
            evidence_hash=self.evidence.put(bundle),
        )
        signed = self.me.sign(seen, deployed.domains)
        if self.store.add_observation(signed, seen):
            self.gossip.offer(signed)

    def _held(self, committee: Committee, subject: int, epoch: Epoch) -> list[tuple[Held, Signed]]:
        signed = self.store.observations(committee.version, subject, epoch)
        return [(Held(s.signer, masks_of(_observation(s)), i), s) for i, s in enumerate(signed)]

    def _when_due(
        self,
        view: ChainView,
        committee: Committee,
        subject: int,
        epoch: Epoch,
        held: Sequence[tuple[Held, Signed]],
        plan: AttestPlan,
    ) -> str:
        oldest = next(slots_of(plan.gain.either, epoch))
        if not attest_is_due(plan, epoch, self.clock, view.now, self.timing.attest_patience):
            return f"quorum for slot {oldest}, gathering its neighbours"
        work = f"attest {committee.version} {subject} {oldest}"
        turn = self.store.turn(work, view.now, self.timing.turn_delay)
        place = line(committee, epoch).index(self.me.signer)
        if place > turn.place:
            return f"quorum for slot {oldest}, {place} before me in line"
        return self._send(work, committee, subject, epoch, held)

    def _send(
        self,
        work: str,
        committee: Committee,
        subject: int,
        epoch: Epoch,
        held: Sequence[tuple[Held, Signed]],
    ) -> str:
        fresh = self.chain.view()
        recorded = fresh.lanes(subject, epoch, committee)
        markable = self.clock.markable(epoch, fresh.now)
        plan = plan_attest([h for h, _ in held], recorded, committee, markable)
        if plan is None:
            return "already submitted"
        chosen = [next(signed for h, signed in held if h is one) for one in plan.chosen]
        return self._deliver(work, subject, epoch, chosen)

    def _send_own(
        self,
        subject: int,
        epoch: Epoch,
        held: Sequence[tuple[Held, Signed]],
        recorded: Mapping[Signer, SlotMasks],
        markable: int,
    ) -> str:
        have = recorded.get(self.me.signer, SlotMasks())
        own = [
            (held_one, signed)
            for held_one, signed in held
            if held_one.signer == self.me.signer
            and (new := held_one.masks.without(have))
            and not new.either & ~markable
        ]
        if not own:
            return "own word is on chain"
        newest, signed = own[-1]
        return self._deliver(f"own {epoch} {newest.arrival}", subject, epoch, [signed])

    def _deliver(self, work: str, subject: int, epoch: Epoch, chosen: Sequence[Signed]) -> str:
        self.me.behaviour.before("attest")
        result = self.desk.attest(work, subject, epoch, chosen)
        if isinstance(result, Delivered):
            return f"attested with {len(chosen)} observations"
        return f"not attested: {result.reason}"


def _why_not(
    held: Sequence[tuple[Held, Signed]],
    recorded: Mapping[Signer, SlotMasks],
    committee: Committee,
    markable: int,
) -> str:
    lanes = dict(recorded)
    for one, _ in held:
        lanes[one.signer] = lanes.get(one.signer, SlotMasks()) | one.masks
    short = {
        bit: count
        for bit, count in votes(lane.lost & markable for lane in lanes.values()).items()
        if count < committee.lost_quorum
    }
    if short:
        return f"quorum not reached: {max(short.values())} of {committee.lost_quorum}"
    return "already submitted" if any(recorded.values()) else "no open slot is marked lost"


def _observation(signed: Signed) -> Observation:
    assert isinstance(signed.word, Observation)
    return signed.word
