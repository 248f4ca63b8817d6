"""Endpoints of pools and capacity."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from ..applicants.service import require_risk
from ..domain.units import ProductId
from ..http.context import Reader, ServicesDep
from ..http.problems import declared
from ..quotes.schemas import MOST_DEPENDENCIES, Dependency
from ..quotes.service import pack_dependencies
from .schemas import CapacityOut, PoolList, PoolOut, TrancheOut

router = APIRouter(tags=["pools"])


@router.get("/pools", responses=declared("node-unavailable", "contract-refused"))
def list_pools(at: ServicesDep, who: Reader) -> PoolList:
    """The cells behind all cover, as they are at the latest block."""
    found = at.reads.solvency()
    tranches = [TrancheOut(name=t.name, capital=t.capital, value=t.value) for t in found.tranches]
    pool = PoolOut(
        cell=at.contracts.address("Cell"),
        assets=found.assets,
        locked=found.locked,
        free=found.free,
        reserved=found.reserved,
        fees=found.fees,
        utilisation_bps=at.reads.view("Cell", "utilisationBps"),
        tranches=tranches,
    )
    return PoolList(items=[pool])


@router.get(
    "/products/{product}/capacity",
    responses=declared("not-found", "node-unavailable", "contract-refused"),
)
def get_capacity(
    product: Annotated[int, Path(ge=1, le=0xFFFF)],
    risk: Annotated[int, Query(ge=0, le=0xFFFFFFFF)],
    at: ServicesDep,
    who: Reader,
    dependencies: Annotated[list[Dependency], Query(max_length=MOST_DEPENDENCIES)] = [],  # noqa: B006
) -> CapacityOut:
    """How much more of a risk can be insured under a product now, and what bounds it."""
    terms = at.market.product(ProductId(product))
    with at.database.read() as session:
        require_risk(session, who, risk)
    packed = pack_dependencies(dependencies)
    room = at.reads.view("ExposureLedger", "room", product, terms.cell, risk, packed)
    free = at.reads.view("Cell", "free")
    return CapacityOut(
        product=product,
        risk=risk,
        dependencies=dependencies,
        room=room,
        free=free,
        capacity=min(room, free),
        bound_by="caps" if room <= free else "capital",
    )
