"""Who sends what when; changes when the committee's rules of turn, quorum or report do.

Every member computes these from chain state and the messages it holds, so all come to the same
answer without talking about it. Times are seconds of chain time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from oracles.domain.incident import (
    Epoch,
    SlotClock,
    SlotMasks,
    quorum_masks,
    slots_of,
)

Frame = NewType("Frame", int)
Signer = NewType("Signer", str)

NO_SENSOR: Final = 0xFFFF
"""Score of a risk whose sensor sent nothing for the frame."""

TOP_SCORE: Final = 10_000


@dataclass(frozen=True)
class Member:
    """One seat of the committee; a suspended one keeps its lane and nothing else."""

    signer: Signer
    sees_attacks: bool
    suspended: bool = False


@dataclass(frozen=True)
class Committee:
    """One version of the committee; members stand in order of rising signer."""

    version: int
    members: tuple[Member, ...]
    vector_quorum: int
    lost_quorum: int
    attack_quorum: int

    @property
    def active(self) -> tuple[Member, ...]:
        """The members whose signatures the contracts take, in order of signer."""
        return tuple(member for member in self.members if not member.suspended)

    def seat(self, signer: Signer) -> Member | None:
        """The active member with this signer."""
        return next((m for m in self.active if m.signer == signer), None)


@dataclass(frozen=True)
class ChainTerms:
    """What the contracts fix for ever, in seconds of chain time unless said otherwise."""

    frame_length: int
    max_frame_age: int
    """in frames"""
    slot_length: int
    max_report_delay: int


@dataclass(frozen=True)
class Timing:
    """How long members wait, in seconds of chain time unless said otherwise. All members of a
    committee run with the same."""

    batch_allowance: int
    """after a frame was first seen closed, for the sensors' batches"""
    probe_arrival: int
    """after a slot's end, for its probes"""
    turn_delay: int
    """after which the next member may send what the one before did not"""
    attest_patience: int
    """a quorum for lost slots is sent when its oldest one ended so long ago"""
    close_margin: int
    """before a slot closes, in which it is no longer sent"""
    heartbeat_frames: int
    """frames after which unchanged scores are reported all the same"""
    deviation: int = 250
    """points of score that are worth a report"""
    grace_ms: int = 300
    """of the local clock, for the vectors that come after the quorum's"""

    def worst_attest_delay(self, members: int) -> int:
        """Seconds from a slot's end until the last member in line has had its turn; a turn that
        ends between two blocks lasts until the later one, which is not counted."""
        wait = max(self.attest_patience, self.probe_arrival)
        return wait + members * self.turn_delay + self.close_margin


def default_timing(terms: ChainTerms, members: int) -> Timing:
    """A timing in which every member gets its turn well before a slot closes: patience takes a
    fifth of the time that a slot is open, turns a half, the margin a seventh."""
    delay = terms.max_report_delay
    return Timing(
        batch_allowance=_within(1, terms.frame_length // 4, 10),
        probe_arrival=_within(1, terms.slot_length, 5),
        turn_delay=_within(1, delay // (2 * members), 10),
        attest_patience=_within(1, delay // 5, 30),
        close_margin=_within(1, delay // 7, 15),
        heartbeat_frames=_within(1, terms.max_frame_age // 2, 60),
    )


def _within(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def frame_at(time_s: int, frame_length: int) -> Frame:
    """The frame that holds a second of chain time."""
    return Frame(time_s // frame_length)


def line(committee: Committee, number: int) -> tuple[Signer, ...]:
    """Who may send in round ``number`` (a frame or an epoch), first the one whose turn it is."""
    signers = [member.signer for member in committee.active]
    start = number % len(signers)
    return tuple(signers[start:] + signers[:start])


@dataclass(frozen=True)
class Turn:
    """How far the line has come with one piece of work: members up to ``place`` may send, the last
    of them since ``since``."""

    place: int
    since: int

    def at(self, now: int, turn_delay: int) -> Turn:
        """The turn that a member sees at ``now``.

        It goes on by one place and never by more: time that passed while no block came was nobody's
        turn, and all who were due at once would send the same thing.
        """
        return Turn(self.place + 1, now) if now >= self.since + turn_delay else self


def median(scores: Sequence[int]) -> int:
    """The median as RiskFeed takes it: of an even count the larger of the two in the middle."""
    return sorted(scores)[len(scores) // 2]


def medians(vectors: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The median of each lane."""
    return tuple(median(lane) for lane in zip(*vectors, strict=True))


@dataclass(frozen=True)
class ScoreState:
    """A risk's score on chain; ``frame`` is None when it never had one."""

    score: int
    uncapped: int
    frame: Frame | None
    base_score: int


def report_reason(
    scores: Sequence[int], states: Sequence[ScoreState], frame: Frame, timing: Timing
) -> str | None:
    """Why the medians ``scores`` of ``frame`` deserve a transaction, or None.

    ``first`` a risk has no score yet, ``moved`` one is ``deviation`` or more away from what the
    chain has, ``heartbeat`` the oldest one is ``heartbeat_frames`` old.
    """
    known = list(zip(scores, states, strict=False))
    if any(state.frame is None for _, state in known):
        return "first"
    if any(_moved(score, state, timing.deviation) for score, state in known):
        return "moved"
    newest = [state.frame for _, state in known if state.frame is not None]
    if newest and frame - min(newest) >= timing.heartbeat_frames:
        return "heartbeat"
    return None


def _moved(score: int, state: ScoreState, deviation: int) -> bool:
    if score == NO_SENSOR:
        return state.score < max(state.uncapped, state.base_score)
    return max(abs(score - state.score), abs(score - state.uncapped)) >= deviation


@dataclass(frozen=True)
class Held:
    """One signed observation that a member holds, by its place of arrival."""

    signer: Signer
    masks: SlotMasks
    arrival: int


@dataclass(frozen=True)
class AttestPlan:
    """Observations worth sending: at most one of each signer, in order of signer."""

    chosen: tuple[Held, ...]
    gain: SlotMasks
    """what the quorum would newly say that can be paid"""


def plan_attest(
    held: Sequence[Held],
    recorded: Mapping[Signer, SlotMasks],
    committee: Committee,
    markable: int,
) -> AttestPlan | None:
    """Which observations to send so that the quorum's payable slots grow, or None.

    ``recorded`` are the members' lanes on chain, ``markable`` the bits the chain takes now. An
    observation that newly sets any other bit would revert the whole transaction and is left
    alone. Attacked slots count only where the slot is lost too, so a flood that costs no service
    costs no gas either, and stragglers who change nothing are not sent.
    """
    chosen: list[Held] = []
    lanes = dict(recorded)
    for member in committee.active:
        have = recorded.get(member.signer, SlotMasks())
        best = _most_useful([h for h in held if _acceptable(h, member)], have, markable)
        if best is not None:
            chosen.append(best)
            lanes[member.signer] = have | best.masks
    before = _payable(recorded, committee)
    gain = _payable(lanes, committee).without(before)
    return AttestPlan(tuple(chosen), gain) if gain else None


def _acceptable(one: Held, member: Member) -> bool:
    return one.signer == member.signer and (member.sees_attacks or not one.masks.attack)


def _most_useful(held: Sequence[Held], have: SlotMasks, markable: int) -> Held | None:
    useful: list[tuple[int, int, Held]] = []
    for one in held:
        new = one.masks.without(have)
        if new and not new.either & ~markable:
            bits = new.lost.bit_count() + new.attack.bit_count()
            useful.append((-bits, one.arrival, one))
    return min(useful, key=lambda item: item[:2])[2] if useful else None


def _payable(lanes: Mapping[Signer, SlotMasks], committee: Committee) -> SlotMasks:
    masks = quorum_masks(lanes.values(), committee.lost_quorum, committee.attack_quorum)
    return SlotMasks(masks.lost, masks.attack & masks.lost)


def attest_is_due(
    plan: AttestPlan, epoch: Epoch, clock: SlotClock, now: int, patience: int
) -> bool:
    """Whether the plan's oldest new slot has waited long enough to be sent with its neighbours."""
    oldest = next(slots_of(plan.gain.either, epoch))
    return now >= clock.end_of(oldest) + patience
