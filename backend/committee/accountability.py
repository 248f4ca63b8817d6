"""How each member of the committee did: rounds signed, slots seen as the quorum did, delay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.messages import NO_SENSOR_DATA

from ..chain.tables import LedgerEvent
from ..domain.incidents import SLOTS_PER_EPOCH
from ..evidence import Evidence
from ..ledger.observations import OBSERVATIONS, Recorded, recorded
from ..ledger.tables import LedgerMasks, LedgerScore
from ..reads import Member

SLOT_BITS = range(SLOTS_PER_EPOCH)
MOST_SCORES = 500
"""Newest reported scores that members' own are compared with."""


@dataclass(frozen=True, slots=True)
class Record:
    """A member's deeds: score rounds, lost slots against the quorum's, delay in seconds.

    `deviation` is the farthest of its `compared` scores from the reported median, in points; scores
    are compared where this deployment holds the member's evidence.
    """

    member: Member
    signed: int
    rounds: int
    agreed: int
    missed: int
    alone: int
    delay: int | None
    compared: int
    deviation: int

    @property
    def agreement(self) -> tuple[int, int]:
        """Slots on which it agreed, of those that it or the quorum marked."""
        return self.agreed, self.agreed + self.missed + self.alone


def lanes_of(packed: int) -> tuple[int, ...]:
    """The lanes of a report's signers: one byte each, increasing, the lowest first."""
    lanes: list[int] = []
    while packed or not lanes:
        lanes.append(packed & 0xFF)
        packed >>= 8
    return tuple(lanes)


def records(
    session: Session, members: Sequence[Member], slot_length: int, evidence: Evidence
) -> list[Record]:
    """The members' records over the whole ledger."""
    rounds = [lanes_of(event.args["signerLanes"]) for event in _events(session, "ScoresReported")]
    quorum = {
        (row.subject, row.epoch * SLOTS_PER_EPOCH + bit)
        for row in session.scalars(select(LedgerMasks))
        for bit in SLOT_BITS
        if row.lost >> bit & 1
    }
    marks: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for said in recorded(_events(session, OBSERVATIONS)):
        for slot in _slots(said):
            delay = said.timestamp - (slot + 1) * slot_length
            marks[said.member].setdefault((said.subject, slot), delay)
    apart = _deviations(session, evidence)
    return [
        _record(member, rounds, marks[member.signer], quorum, apart[member.signer.lower()])
        for member in members
    ]


def _deviations(session: Session, evidence: Evidence) -> dict[str, list[int]]:
    """Distance of each member's newest scores from the reported medians, by its address."""
    apart: dict[str, list[int]] = defaultdict(list)
    query = select(LedgerScore).order_by(LedgerScore.frame.desc()).limit(MOST_SCORES)
    for row in session.scalars(query):
        for scored in evidence.scores_of(row.frame):
            own = scored.scores.get(row.risk, NO_SENSOR_DATA)
            if own != NO_SENSOR_DATA:
                apart[scored.member.lower()].append(abs(own - row.uncapped))
    return apart


def _events(session: Session, name: str) -> list[LedgerEvent]:
    query = select(LedgerEvent).where(LedgerEvent.name == name)
    return list(session.scalars(query.order_by(LedgerEvent.block_number, LedgerEvent.log_index)))


def _slots(said: Recorded) -> Iterator[int]:
    first = said.epoch * SLOTS_PER_EPOCH
    return (first + bit for bit in SLOT_BITS if said.lost_mask >> bit & 1)


def _record(
    member: Member,
    rounds: Sequence[tuple[int, ...]],
    own: dict[tuple[int, int], int],
    quorum: set[tuple[int, int]],
    apart: list[int],
) -> Record:
    return Record(
        member=member,
        signed=sum(member.lane in lanes for lanes in rounds),
        rounds=len(rounds),
        agreed=len(own.keys() & quorum),
        missed=len(quorum - own.keys()),
        alone=len(own.keys() - quorum),
        delay=round(median(own.values())) if own else None,
        compared=len(apart),
        deviation=max(apart, default=0),
    )
