"""Endpoint of the oracle members' accountability."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from ..http.context import Reader, ServicesDep
from ..http.problems import declared
from .accountability import Record, records
from .schemas import MemberList, MemberOut

router = APIRouter(prefix="/committee", tags=["committee"])


def _out(record: Record) -> MemberOut:
    of_agreed, of_marked = record.agreement
    return MemberOut(
        **asdict(record.member),
        rounds=record.rounds,
        signed=record.signed,
        missed_rounds=record.rounds - record.signed,
        agreed=record.agreed,
        missed=record.missed,
        alone=record.alone,
        agreement_bps=None if of_marked == 0 else of_agreed * 10_000 // of_marked,
        delay=record.delay,
        compared=record.compared,
        deviation=record.deviation,
    )


@router.get("/members", responses=declared("node-unavailable", "contract-refused"))
def list_members(at: ServicesDep, who: Reader) -> MemberList:
    """How each member of the committee in force did: agreement, delay, deviation, missed rounds."""
    slot_length = at.contracts.deployment.parameters.slot_length
    with at.database.read() as session:
        found = records(session, at.reads.members(), slot_length, at.evidence)
    return MemberList(items=[_out(record) for record in found])
