"""The audit chain: one row for each write, hashed over the tenant's row before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..storage.rows import insert_rows
from .tables import AuditHead, AuditRow

GENESIS = "0x" + "00" * 32
FIELDS = (
    "tenant", "number", "at", "actor", "action", "target", "case_id",
    "request_hash", "answer_hash", "previous_hash",
)  # fmt: skip
"""What a row's hash is over, in this order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a write adds to its tenant's chain."""

    at: int
    actor: str
    action: str
    target: str
    case_id: str
    request_hash: str
    answer_hash: str


def row_hash(row: AuditRow) -> str:
    """SHA-256 over the row's fields, joined by newlines, and the hash before it."""
    return _hash_of(tuple(getattr(row, name) for name in FIELDS))


def _hash_of(parts: tuple[object, ...]) -> str:
    return "0x" + hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def append(session: Session, tenant: str, entries: Sequence[Entry]) -> None:
    """Adds rows; a tenant's writes are in one order, whatever process they run in."""
    head = session.scalar(select(AuditHead).where(AuditHead.tenant == tenant).with_for_update())
    if head is None:
        head = AuditHead(tenant=tenant, number=0, hash=GENESIS)
        session.add(head)
    number, previous = head.number, head.hash
    rows = []
    for entry in entries:
        number += 1
        parts = (
            tenant, number, entry.at, entry.actor, entry.action, entry.target, entry.case_id,
            entry.request_hash, entry.answer_hash, previous,
        )  # fmt: skip
        previous = _hash_of(parts)
        rows.append((*parts, previous))
    head.number, head.hash = number, previous
    insert_rows(session, AuditRow, (*FIELDS, "hash"), rows)


def first_broken(rows: Iterable[AuditRow]) -> int | None:
    """Number of the first row, in order from 1, that does not follow from the one before."""
    previous, expected = GENESIS, 1
    for row in rows:
        if (row.number, row.previous_hash) != (expected, previous) or row.hash != row_hash(row):
            return expected
        previous, expected = row.hash, expected + 1
    return None
