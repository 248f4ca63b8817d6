"""Answer bodies of chain transactions."""

from __future__ import annotations

from typing import Any, Literal

from ..chain.tables import ChainTransaction
from ..http.schemas import Body

Status = Literal["intent", "signed", "sent", "mined", "final", "failed"]


class TransactionOut(Body):
    """An entry of the outbox; `hash` is the newest signed form's until one is mined."""

    id: str
    purpose: str
    status: Status
    sender: str
    hash: str | None
    block_number: int | None
    gas_used: int | None
    error: dict[str, Any] | None
    case_id: str
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, row: ChainTransaction) -> TransactionOut:
        return cls(
            id=row.id,
            purpose=f"{row.contract}.{row.function}",
            status=row.status,  # type: ignore[arg-type]
            sender=row.sender,
            hash=row.hash,
            block_number=row.block_number,
            gas_used=row.gas_used,
            error=row.error,
            case_id=row.case_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class Accepted(Body):
    """Something that takes effect on chain later: the transaction to follow."""

    transaction: TransactionOut
