"""The audit chain: one row for each write, hashed over the tenant's row before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select

from .tables import AuditHead, AuditRow

if TYPE_CHECKING:
    from .writes import Write

GENESIS = "0x" + "00" * 32


def row_hash(row: AuditRow) -> str:
    """SHA-256 over the row's fields, joined by newlines, and the hash before it."""
    parts = (
        row.tenant, row.number, row.at, row.actor, row.action, row.target, row.case_id,
        row.request_hash, row.answer_hash, row.previous_hash,
    )  # fmt: skip
    return "0x" + hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def append(write: Write, target: str, answer: bytes) -> None:
    """Adds the write's row; a tenant's writes are in one order, whatever process they run in."""
    session, tenant = write.session, write.caller.tenant
    head = session.scalar(select(AuditHead).where(AuditHead.tenant == tenant).with_for_update())
    if head is None:
        head = AuditHead(tenant=tenant, number=0, hash=GENESIS)
        session.add(head)
    row = AuditRow(
        tenant=tenant,
        number=head.number + 1,
        at=write.now,
        actor=write.caller.actor,
        action=write.action,
        target=target,
        case_id=write.case_id,
        request_hash=write.fingerprint,
        answer_hash="0x" + hashlib.sha256(answer).hexdigest(),
        previous_hash=head.hash,
    )
    row.hash = row_hash(row)
    head.number, head.hash = row.number, row.hash
    session.add(row)


def first_broken(rows: Iterable[AuditRow]) -> int | None:
    """Number of the first row, in order from 1, that does not follow from the one before."""
    previous, expected = GENESIS, 1
    for row in rows:
        if (row.number, row.previous_hash) != (expected, previous) or row.hash != row_hash(row):
            return expected
        previous, expected = row.hash, expected + 1
    return None
