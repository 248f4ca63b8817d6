"""The public proof page: what a browser needs to check a certificate by itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from starlette.responses import JSONResponse, Response

from contracts.client.messages import Certificate, members

from ..certificates.posting import proof_of
from ..certificates.repository import is_paid
from ..domain.incidents import SLOTS_PER_EPOCH
from ..domain.units import ProductId
from ..http.problems import Problem
from ..incidents.service import masks_of
from ..ledger.tables import LedgerBordereau, LedgerClaimedCertificate, LedgerSeries
from .sessions import AnyViewer, ServicesDep
from .show import page

router = APIRouter()
OWN_NODE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' https: http://127.0.0.1:* http://localhost:*; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""This page alone may ask a node that its reader names."""


@router.get("/proof")
def get_proof(request: Request, at: ServicesDep, who: AnyViewer) -> Response:
    domain = at.contracts.deployment.domain(Certificate)
    names = [{"name": _camel(name), "type": kind} for name, kind in members(Certificate)]
    answer = page(
        request, who, "proof.html", members=names,
        domain={
            "name": domain.name, "version": "1", "chainId": domain.chain_id,
            "verifyingContract": domain.verifying_contract,
        },
        registry=at.contracts.address("IncidentRegistry"),
    )  # fmt: skip
    answer.headers["Content-Security-Policy"] = OWN_NODE
    return answer


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@router.get("/proof/{series}/{serial}")
def get_facts(
    series: Annotated[str, Path(pattern="^0x[0-9a-f]{64}$")],
    serial: Annotated[int, Path(ge=0, le=0xFFFFFFFF)],
    at: ServicesDep,
) -> Response:
    """What the ledger says about a serial of a series: bordereau, path, terms, marked slots.

    Everything but the path is on the chain; the path proves itself against the root there.
    """
    parameters = at.contracts.deployment.parameters
    with at.database.read() as session:
        row = session.get(LedgerSeries, series)
        if row is None:
            raise Problem("not-found", "the ledger has no such series")
        product = at.market.product(ProductId(row.product))
        facts: dict[str, Any] = {
            "series": {
                "underwriter": row.underwriter,
                "platform": row.platform,
                "product": row.product,
                "risk": row.risk,
                "premiumPerUnit": str(row.premium_per_unit),
                "expiryBucket": row.expiry_bucket,
                "leafKind": row.leaf_kind,
            },
            "terms": {
                "peril": int(product.peril),
                "waitingPeriod": product.waiting_period,
                "coverageLag": product.coverage_lag,
                "mergeGap": product.merge_gap,
                "holdWindow": product.hold_window,
                "term": product.term,
                "unit": str(product.unit),
                "termsHash": product.terms_hash,
            },
            "slotLength": parameters.slot_length,
            "reportDelay": parameters.max_report_delay,
            "time": at.market.head().timestamp,
            "bordereau": None,
        }
        batch = session.scalar(
            select(LedgerBordereau).where(
                LedgerBordereau.series == series,
                LedgerBordereau.first_serial <= serial,
                LedgerBordereau.first_serial + LedgerBordereau.size > serial,
            )
        )
        masks = masks_of(session, row.risk)
        facts["masks"] = {
            str(epoch): [str(marks.lost), str(marks.attacked)] for epoch, marks in masks.items()
        }
        facts["slotsPerEpoch"] = SLOTS_PER_EPOCH
        if batch is not None:
            facts["bordereau"] = {
                "batch": batch.batch,
                "index": serial - batch.first_serial,
                "size": batch.size,
                "base": batch.base,
                "postedAt": batch.posted_at,
                "transaction": batch.transaction_hash,
                "root": batch.root,
                "leafFileHash": batch.leaf_file_hash,
                "exposure": str(batch.exposure),
                "expired": batch.expired,
                "leaf": None,
                "proof": [],
                "paidIn": _paid_in(session, batch.batch, serial - batch.first_serial),
            }
            try:
                path = proof_of(session, row, serial, product, parameters.max_report_delay)
                facts["bordereau"] |= {"leaf": path.leaf, "proof": path.proof}
            except Problem:
                facts["bordereau"]["leaf"] = None
    return JSONResponse(facts)


def _paid_in(session: Any, batch: int, index: int) -> str | None:
    """The transaction that paid a certificate, None while none has."""
    if not is_paid(session, batch, index):
        return None
    found: str = session.get_one(LedgerClaimedCertificate, (batch, index)).transaction_hash
    return found
