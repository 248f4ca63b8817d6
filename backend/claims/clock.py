"""The pay-by time of claims, and how many first payments missed it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..domain.pay_by import pay_by
from ..domain.units import ProductId
from ..http.context import Services
from ..ledger.tables import LedgerBordereau, LedgerPayout, LedgerPolicy


def pay_by_of(at: Services, product: int, run_start: int) -> int:
    """Chain second by which a run is to be paid under a product."""
    parameters, terms = at.contracts.deployment.parameters, at.market.product(ProductId(product))
    return pay_by(
        run_start,
        parameters.slot_length,
        terms.waiting_period,
        parameters.max_report_delay,
        terms.hold_window,
        at.settings.pay_seconds,
    )


def missed(session: Session, at: Services) -> int:
    """Runs of covers whose first unreviewed payment came after its pay-by time."""
    first = (
        select(
            LedgerPayout.cover,
            LedgerPayout.number,
            LedgerPayout.run_start,
            func.min(LedgerPayout.paid_at),
        )
        .where(LedgerPayout.reviewed.is_(False), LedgerPayout.run_start.is_not(None))
        .group_by(LedgerPayout.cover, LedgerPayout.number, LedgerPayout.run_start)
    )
    count = 0
    for cover, number, run_start, paid_at in session.execute(first):
        product = _product(session, cover, number)
        if product is not None and run_start is not None:
            count += paid_at > pay_by_of(at, product, run_start)
    return count


def _product(session: Session, cover: str, number: int) -> int | None:
    if cover == "policy":
        policy = session.get(LedgerPolicy, number)
        return None if policy is None else policy.product
    batch = session.get(LedgerBordereau, number)
    return None if batch is None else batch.product
