"""Reads incidents from the attested masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..domain.incidents import Incident, Masks
from ..domain.incidents import incidents_of as incidents_in
from ..ledger.tables import LedgerMasks
from .schemas import IncidentOut


@dataclass(frozen=True, slots=True)
class Clock:
    """How the registry cuts time, and the chain time now; in seconds."""

    slot_length: int
    report_delay: int
    now: int

    def is_closed(self, slot: int) -> bool:
        """Whether a slot can no longer change."""
        return (slot + 1) * self.slot_length + self.report_delay <= self.now


def masks_of(session: Session, subject: int) -> dict[int, Masks]:
    """All masks of a subject by epoch."""
    rows = session.scalars(select(LedgerMasks).where(LedgerMasks.subject == subject))
    return {row.epoch: Masks(row.lost, row.attacked) for row in rows}


def subjects(session: Session) -> list[int]:
    """Subjects with any mask."""
    return list(session.scalars(select(LedgerMasks.subject).distinct().order_by("subject")))


def incidents_of(
    session: Session, wanted: Iterable[int], clock: Clock, merge_gap: int
) -> list[IncidentOut]:
    """Incidents of the subjects, newest first."""
    found = [
        _out(subject, incident, clock, merge_gap)
        for subject in wanted
        for incident in incidents_in(masks_of(session, subject), clock.slot_length, merge_gap)
    ]
    return sorted(found, key=lambda i: (i.run_start, i.subject), reverse=True)


def _out(subject: int, incident: Incident, clock: Clock, merge_gap: int) -> IncidentOut:
    run = incident.run
    joinable = run.last + 1 + merge_gap // clock.slot_length
    return IncidentOut(
        subject=subject,
        run_start=run.first,
        run_end=run.last,
        lost_slots=incident.lost_slots,
        attacked_slots=incident.attacked_slots,
        started_at=run.first * clock.slot_length,
        ended_at=(run.last + 1) * clock.slot_length,
        closed=clock.is_closed(joinable),
    )
