"""Queries of float, series and their counters."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..ledger.tables import LedgerBordereau, LedgerFloat, LedgerSeries
from ..platforms.tables import Platform
from .tables import FloatUse, SeriesSales


def lock_float(session: Session, wallet: str) -> FloatUse:
    """The platform's counter, locked until the end of the transaction."""
    query = select(FloatUse).where(FloatUse.wallet == wallet).with_for_update()
    row = session.scalar(query)
    if row is None:
        row = FloatUse(wallet=wallet, premium_sold=0)
        session.add(row)
        session.flush()
    return row


def lock_series(session: Session, series: LedgerSeries, platform_id: str) -> SeriesSales:
    """The series' counter, locked until the end of the transaction."""
    query = select(SeriesSales).where(SeriesSales.series == series.series).with_for_update()
    row = session.scalar(query)
    if row is None:
        row = SeriesSales(
            series=series.series,
            platform_id=platform_id,
            next_serial=series.first_serial,
            sold_units=0,
            last_start=0,
        )
        session.add(row)
        session.flush()
    return row


def float_of(session: Session, wallet: str) -> tuple[int, int, int]:
    """Deposited, withdrawn and sold premium of a wallet, token units."""
    held = session.get(LedgerFloat, wallet)
    used = session.get(FloatUse, wallet)
    sold = 0 if used is None else used.premium_sold
    return (0, 0, sold) if held is None else (held.deposited, held.withdrawn, sold)


def posted_count(session: Session, series: str) -> int:
    """Certificates of a series that are in bordereaux on the ledger."""
    query = select(func.coalesce(func.sum(LedgerBordereau.size), 0))
    return int(session.scalar(query.where(LedgerBordereau.series == series)) or 0)


def platform_by_wallet(session: Session, wallet: str) -> Platform | None:
    return session.scalar(select(Platform).where(Platform.wallet == wallet))
