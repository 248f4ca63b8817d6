"""Tables of keys, idempotent answers and the audit chain."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Hash, Identifier


class ApiKey(Base):
    """A platform's key, by the SHA-256 of its secret."""

    __tablename__ = "api_keys"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[Hash] = mapped_column(unique=True)
    mode: Mapped[str] = mapped_column(String(4))
    scopes: Mapped[list[Any]]
    created_at: Mapped[BigInt]
    revoked_at: Mapped[BigInt | None]


class IdempotentAnswer(Base):
    """The answer to a write, kept under its Idempotency-Key until it expires."""

    __tablename__ = "idempotent_answers"

    tenant: Mapped[Identifier] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[Hash]
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[BigInt] = mapped_column(index=True)


class AuditHead(Base):
    """Where a tenant's audit chain ends; its row is locked while one is added."""

    __tablename__ = "audit_heads"

    tenant: Mapped[Identifier] = mapped_column(primary_key=True)
    number: Mapped[BigInt]
    hash: Mapped[Hash]


class AuditRow(Base):
    """One write, chained to the tenant's one before."""

    __tablename__ = "audit_rows"

    tenant: Mapped[Identifier] = mapped_column(primary_key=True)
    number: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[BigInt]
    actor: Mapped[Identifier]
    action: Mapped[str] = mapped_column(String(120))
    target: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[Identifier]
    request_hash: Mapped[Hash]
    answer_hash: Mapped[Hash]
    previous_hash: Mapped[Hash]
    hash: Mapped[Hash]

    __table_args__ = (Index("ix_audit_rows_at", "tenant", "at"),)
