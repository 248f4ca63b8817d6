"""Queries of series and their counters."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..ledger.tables import LedgerBordereau, LedgerSeries
from .tables import SeriesSales


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


def posted_count(session: Session, series: str) -> int:
    """Certificates of a series that are in bordereaux on the ledger."""
    query = select(func.coalesce(func.sum(LedgerBordereau.size), 0))
    return int(session.scalar(query.where(LedgerBordereau.series == series)) or 0)
