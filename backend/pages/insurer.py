"""The insurer's page: capital, exposure, premium and claims, observers, and the last audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..committee import accountability
from ..evidence import Evidence
from ..reads import Reads
from . import finances
from .panels import Load, answer, draw_all
from .sessions import Insurer, ServicesDep
from .show import page

router = APIRouter()
ADDRESS = "/insurer"


def _parts(request: Request, at: ServicesDep) -> Mapping[str, Load]:
    reads: Reads = request.app.state.reads
    evidence: Evidence = request.app.state.evidence

    def solvency() -> dict[str, Any]:
        return {"cell": reads.solvency(), "address": at.contracts.address("Cell")}

    def exposure() -> dict[str, Any]:
        with at.database.read() as session:
            return {"lines": finances.exposure(session, reads, at.contracts.address("Cell"))}

    def results() -> dict[str, Any]:
        with at.database.read() as session:
            return {"results": finances.results(session, reads)}

    def referrals() -> dict[str, Any]:
        with at.database.read() as session:
            return {"referrals": finances.referrals(session)}

    def observers() -> dict[str, Any]:
        clock = at.contracts.deployment.parameters
        with at.database.read() as session:
            found = accountability.records(session, reads.members(), clock.slot_length, evidence)
        return {"records": found}

    def audit() -> dict[str, Any]:
        return {"audit": finances.last_audit(at.settings.audit_report)}

    return {
        "solvency": solvency,
        "referrals": referrals,
        "results": results,
        "exposure": exposure,
        "observers": observers,
        "audit": audit,
    }


@router.get("/insurer")
def get_insurer(request: Request, at: ServicesDep, who: Insurer) -> Response:
    parts = draw_all(request, who, ADDRESS, _parts(request, at))
    return page(request, who, "insurer.html", live=parts)


@router.get("/insurer/parts/{name}")
def get_part(
    name: str, request: Request, at: ServicesDep, who: Insurer, seen: str = ""
) -> Response:
    return answer(request, who, ADDRESS, _parts(request, at), name, seen)
