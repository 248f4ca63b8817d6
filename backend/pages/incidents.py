"""Incidents for anyone: the slots as each member marked them, their evidence, and what was paid."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from ..chain.tables import LedgerEvent
from ..domain.incidents import SLOTS_PER_EPOCH
from ..domain.units import ProductId
from ..evidence import Evidence
from ..http.context import Services
from ..http.problems import Problem
from ..incidents import service
from ..incidents.api import registry_clock
from ..ledger.observations import OBSERVATIONS, Recorded, recorded
from ..ledger.tables import LedgerPayout
from .panels import Load, answer, draw_all
from .sessions import AnyViewer, ServicesDep
from .show import page

router = APIRouter()
Subject = Annotated[int, Path(ge=0, le=2**33)]
Slot = Annotated[int, Path(ge=0, le=2**40)]
Product = Annotated[int, Query(ge=0, le=0xFFFF)]
Hash = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$")]
MOST_SLOTS = 256
"""Slots that the picture of an incident shows."""


def _list(at: Services) -> Mapping[str, Load]:
    def incidents() -> dict[str, Any]:
        with at.database.read() as session:
            known = service.subjects(session)
            found = service.incidents_of(session, known, registry_clock(at), 0)
            return {"incidents": found, "paid": paid_by_run(session)}

    return {"incidents": incidents}


@router.get("/incidents")
def list_incidents(request: Request, at: ServicesDep, who: AnyViewer) -> Response:
    return page(
        request, who, "incidents.html", live=draw_all(request, who, "/incidents", _list(at))
    )


@router.get("/incidents/parts/{name}")
def get_list_part(
    name: str, request: Request, at: ServicesDep, who: AnyViewer, seen: str = ""
) -> Response:
    return answer(request, who, "/incidents", _list(at), name, seen)


def paid_by_run(session: Session) -> dict[int, int]:
    """Token units paid for each run, by its first slot."""
    paid: dict[int, int] = defaultdict(int)
    for row in session.scalars(select(LedgerPayout)):
        if row.run_start is not None:
            paid[row.run_start] += row.amount
    return paid


def _parts(
    request: Request, at: ServicesDep, subject: int, slot: int, product: int
) -> Mapping[str, Load]:
    evidence: Evidence = request.app.state.evidence

    def incident() -> dict[str, Any]:
        gap = at.market.product(ProductId(product)).merge_gap if product else 0
        clock = registry_clock(at)
        with at.database.read() as session:
            found = service.incidents_of(session, [subject], clock, gap)
            run = next((i for i in found if i.run_start == slot), None)
            if run is None:
                raise Problem("not-found", f"no incident of subject {subject} at slot {slot}")
            observations = _observations(session, subject, run.run_start, run.run_end)
            quorum = service.masks_of(session, subject)
            payouts = list(
                session.scalars(
                    select(LedgerPayout)
                    .where(LedgerPayout.run_start == slot)
                    .order_by(LedgerPayout.block_number, LedgerPayout.log_index)
                )
            )
        slots = range(run.run_start, min(run.run_end + 1, run.run_start + MOST_SLOTS))
        rows = [("quorum", _marks(slots, {e: (m.lost, m.attacked) for e, m in quorum.items()}))]
        rows += [(member, _marks(slots, seen)) for member, seen in sorted(_by_member(observations))]
        kept = {o.evidence_hash for o in observations}
        return {
            "incident": run, "rows": rows, "slots": list(slots), "observations": observations,
            "kept": {name for name in kept if evidence.raw(name) is not None},
            "payouts": payouts, "slot_length": clock.slot_length,
        }  # fmt: skip

    return {"incident": incident}


def _observations(session: Session, subject: int, first: int, last: int) -> list[Recorded]:
    """What members recorded about the epochs of a run, in the order of the chain."""
    epochs = range(first // SLOTS_PER_EPOCH, last // SLOTS_PER_EPOCH + 1)
    query = select(LedgerEvent).where(
        LedgerEvent.name == OBSERVATIONS,
        LedgerEvent.subject.in_([f"masks:{subject}.{epoch}" for epoch in epochs]),
    )
    ordered = query.order_by(LedgerEvent.block_number, LedgerEvent.log_index)
    return list(recorded(session.scalars(ordered)))


def _by_member(observations: list[Recorded]) -> list[tuple[str, dict[int, tuple[int, int]]]]:
    """Each member's own marks by epoch: lost and attacked bits."""
    found: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for said in observations:
        lost, attacked = found[said.member].get(said.epoch, (0, 0))
        found[said.member][said.epoch] = (lost | said.lost_mask, attacked | said.attack_mask)
    return list(found.items())


def _marks(slots: range, masks: Mapping[int, tuple[int, int]]) -> list[str]:
    """For each slot: attacked (and lost), lost, or nothing."""
    found = []
    for slot in slots:
        lost, attacked = masks.get(slot // SLOTS_PER_EPOCH, (0, 0))
        bit = slot % SLOTS_PER_EPOCH
        is_lost, is_attacked = bool(lost >> bit & 1), bool(attacked >> bit & 1)
        found.append(("attacked" if is_attacked else "lost") if is_lost else "")
    return found


@router.get("/incidents/{subject}/{slot}")
def get_incident(
    subject: Subject,
    slot: Slot,
    request: Request,
    at: ServicesDep,
    who: AnyViewer,
    product: Product = 0,
) -> Response:
    parts = _parts(request, at, subject, slot, product)
    address = f"/incidents/{subject}/{slot}/{product}"
    return page(
        request, who, "incident.html", subject=subject, slot=slot,
        live=draw_all(request, who, address, parts),
    )  # fmt: skip


@router.get("/incidents/{subject}/{slot}/{product}/parts/{name}")
def get_incident_part(
    subject: Subject,
    slot: Slot,
    product: Annotated[int, Path(ge=0, le=0xFFFF)],
    name: str,
    request: Request,
    at: ServicesDep,
    who: AnyViewer,
    seen: str = "",
) -> Response:
    parts = _parts(request, at, subject, slot, product)
    return answer(request, who, f"/incidents/{subject}/{slot}/{product}", parts, name, seen)


@router.get("/evidence/{name}")
def get_evidence(name: Hash, request: Request, at: ServicesDep, who: AnyViewer) -> Response:
    """A bundle: what a member saw, and where its hash was signed on the chain."""
    evidence: Evidence = request.app.state.evidence
    data = evidence.raw(name)
    with at.database.read() as session:
        query = select(LedgerEvent).where(LedgerEvent.name == OBSERVATIONS)
        anchors = [o for o in recorded(session.scalars(query)) if o.evidence_hash == name]
    if data is None:
        status = 200 if anchors else 404
        return page(
            request, who, "evidence.html", status, name=name, bundle=None, anchors=anchors, size=0
        )
    bundle = json.loads(data)
    return page(
        request, who, "evidence.html", name=name, bundle=bundle, anchors=anchors, size=len(data)
    )


@router.get("/evidence/{name}/bundle")
def get_bundle(name: Hash, request: Request) -> Response:
    """The bundle's bytes, whose keccak-256 is its name."""
    evidence: Evidence = request.app.state.evidence
    data = evidence.raw(name)
    if data is None:
        raise Problem("not-found", f"this deployment does not hold evidence {name}")
    return Response(data, media_type="application/json")


@router.get("/members/{signer}")
def get_member(
    signer: Annotated[str, Path(pattern="^0x[0-9a-fA-F]{40}$")],
    request: Request,
    at: ServicesDep,
    who: AnyViewer,
) -> Response:
    """What one member of the committee recorded, newest first."""
    with at.database.read() as session:
        query = select(LedgerEvent).where(LedgerEvent.name == OBSERVATIONS)
        newest = query.order_by(LedgerEvent.block_number.desc(), LedgerEvent.log_index.desc())
        rows = [o for o in recorded(session.scalars(newest)) if o.member == signer][:MOST_SLOTS]
    return page(request, who, "member.html", signer=signer, observations=rows)
