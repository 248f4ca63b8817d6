"""Counts the evidence behind a policy: reports with sensor data, observations that are at hand."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..chain.tables import LedgerEvent
from ..domain.coverage import EvidenceCoverage
from ..domain.incidents import SLOTS_PER_EPOCH
from ..evidence import Evidence
from ..ledger.observations import OBSERVATIONS, recorded
from ..ledger.tables import LedgerPolicy, LedgerScore

LANES = 16
"""Risks in one report."""


def coverage_of(
    session: Session, row: LedgerPolicy, evidence: Evidence, slot_length: int
) -> EvidenceCoverage:
    """The evidence of the policy's risk from its start to its end."""
    group = row.risk // LANES * LANES
    reports = {
        event.args["frame"]
        for event in _events(session, row, "ScoresReported")
        if event.args["firstRisk"] == group
    }
    scored = set(
        session.scalars(
            select(LedgerScore.frame).where(
                LedgerScore.risk == row.risk, LedgerScore.frame.in_(reports)
            )
        )
    )
    epoch = SLOTS_PER_EPOCH * slot_length
    observations = [
        said.evidence_hash
        for said in recorded(_events(session, row, OBSERVATIONS))
        if said.subject == row.risk
        and row.start < (said.epoch + 1) * epoch
        and said.epoch * epoch < row.end
    ]
    held = sum(evidence.raw(name) is not None for name in observations)
    return EvidenceCoverage(len(reports), len(scored), len(observations), held)


def _events(session: Session, row: LedgerPolicy, name: str) -> list[LedgerEvent]:
    """Events of the name that came on the ledger while the policy ran, and what is late."""
    query = select(LedgerEvent).where(LedgerEvent.name == name, LedgerEvent.timestamp >= row.start)
    if name == "ScoresReported":
        query = query.where(LedgerEvent.timestamp < row.end)
    return list(session.scalars(query))
