"""Answer bodies of the audit chain."""

from __future__ import annotations

from ..http.schemas import Body


class AuditRowOut(Body):
    """One write. `hash` is SHA-256 over the other members in this order, as text and joined by
    newlines; `previous_hash` is that of the row before it, or 0x and 64 zeros."""

    tenant: str
    number: int
    at: int
    actor: str
    action: str
    target: str
    case_id: str
    request_hash: str
    answer_hash: str
    previous_hash: str
    hash: str


class AuditChainOut(Body):
    """Whether every row follows from the one before; `first_broken` is the first that does not."""

    tenant: str
    rows: int
    head: str
    intact: bool
    first_broken: int | None
