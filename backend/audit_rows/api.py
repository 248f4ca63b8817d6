"""Endpoints of the audit chain."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from ..http.audit import GENESIS, first_broken
from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared
from ..http.schemas import Page
from ..http.tables import AuditHead, AuditRow
from .schemas import AuditChainOut, AuditRowOut

router = APIRouter(tags=["audit"])
AT_ONCE = 1_000


@router.get("/audit-rows", responses=declared("invalid-cursor"))
def list_audit_rows(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[AuditRowOut]:
    """The caller's own writes, oldest first."""
    query = select(AuditRow).where(AuditRow.tenant == who.tenant)
    with at.database.read() as session:
        rows, following = page(session, query, [AuditRow.number], cursor, limit)
    items = [AuditRowOut(**{n: getattr(row, n) for n in AuditRowOut.model_fields}) for row in rows]
    return Page(items=items, next_cursor=following)


@router.get("/audit-chain", responses=declared())
def get_audit_chain(at: ServicesDep, who: Reader) -> AuditChainOut:
    """Recomputes the caller's chain from its first row to its head."""
    query = select(AuditRow).where(AuditRow.tenant == who.tenant).order_by(AuditRow.number)
    with at.database.read() as session:
        head = session.get(AuditHead, who.tenant)
        broken = first_broken(session.scalars(query.execution_options(yield_per=AT_ONCE)))
        number, last = (0, GENESIS) if head is None else (head.number, head.hash)
        newest = session.get(AuditRow, (who.tenant, number))
    if broken is None and number and (newest is None or newest.hash != last):
        broken = number
    return AuditChainOut(
        tenant=who.tenant, rows=number, head=last, intact=broken is None, first_broken=broken
    )
