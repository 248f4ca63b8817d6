"""Endpoint of incidents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ..domain.units import ProductId
from ..http.context import Reader, Services, ServicesDep
from ..http.problems import declared
from ..http.schemas import Body
from . import service
from .schemas import IncidentOut

router = APIRouter(tags=["incidents"])


class IncidentList(Body):
    items: list[IncidentOut]


def registry_clock(at: Services) -> service.Clock:
    """The registry's slots, at the latest block."""
    parameters = at.contracts.deployment.parameters
    return service.Clock(
        parameters.slot_length, parameters.max_report_delay, at.market.head().timestamp
    )


@router.get("/incidents", responses=declared("not-found", "node-unavailable"))
def list_incidents(
    at: ServicesDep,
    who: Reader,
    subject: Annotated[int | None, Query(ge=0, le=2**33 - 1)] = None,
    product: Annotated[int | None, Query(ge=1, le=0xFFFF)] = None,
) -> IncidentList:
    """Runs of lost slots, newest first; with a product, its merge gap closes gaps."""
    merge_gap = 0 if product is None else at.market.product(ProductId(product)).merge_gap
    with at.database.read() as session:
        wanted = service.subjects(session) if subject is None else [subject]
        found = service.incidents_of(session, wanted, registry_clock(at), merge_gap)
    return IncidentList(items=found)
