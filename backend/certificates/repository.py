"""Queries of certificates, postings and bordereaux."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..ledger.tables import LedgerBordereau, LedgerClaimedCertificate, LedgerSeries
from .tables import Posting, SoldCertificate


def next_to_post(session: Session, series: LedgerSeries) -> int:
    """First serial that is in no queued or posted bordereau."""
    queued = session.scalar(
        select(func.max(Posting.first_serial + Posting.size)).where(Posting.series == series.series)
    )
    return series.first_serial if queued is None else int(queued)


def posting_before(session: Session, series: str, first: int) -> Posting | None:
    """The last queued bordereau of a series before a serial."""
    return session.scalar(
        select(Posting)
        .where(Posting.series == series, Posting.first_serial < first)
        .order_by(Posting.first_serial.desc())
        .limit(1)
    )


def backlog(session: Session, series: str, first: int) -> int:
    """Sold certificates from a serial on."""
    query = select(func.count()).where(
        SoldCertificate.series == series, SoldCertificate.serial >= first
    )
    return session.scalar(query) or 0


def waiting(session: Session, series: str, first: int, limit: int) -> list[SoldCertificate]:
    """Sold certificates from a serial on, in serial order."""
    query = select(SoldCertificate).where(
        SoldCertificate.series == series, SoldCertificate.serial >= first
    )
    return list(session.scalars(query.order_by(SoldCertificate.serial).limit(limit)))


def of_bordereau(session: Session, row: LedgerBordereau) -> list[SoldCertificate]:
    """A posted bordereau's certificates, in leaf order."""
    query = select(SoldCertificate).where(
        SoldCertificate.series == row.series,
        SoldCertificate.serial >= row.first_serial,
        SoldCertificate.serial < row.first_serial + row.size,
    )
    return list(session.scalars(query.order_by(SoldCertificate.serial)))


def is_paid(session: Session, batch: int, index: int) -> bool:
    return session.get(LedgerClaimedCertificate, (batch, index)) is not None


def covered_before(session: Session, platform_id: str, hashes: Sequence[str]) -> set[str]:
    """Those of the transactions that have a certificate already."""
    return set(
        session.scalars(
            select(SoldCertificate.transaction_hash).where(
                SoldCertificate.platform_id == platform_id,
                SoldCertificate.transaction_hash.in_(hashes),
            )
        )
    )
