"""Tables of webhook endpoints, deliveries and attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Base, BigInt, Identifier


class WebhookEndpoint(Base):
    """Where a platform is told; events up to (block_number, log_index) have been looked at.

    Secrets are derived from `secret_version`, so none is stored.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    platform_id: Mapped[Identifier] = mapped_column(index=True)
    url: Mapped[str] = mapped_column(String(2000))
    types: Mapped[list[Any]]
    enabled: Mapped[bool]
    secret_version: Mapped[int]
    rotated_at: Mapped[BigInt]
    block_number: Mapped[BigInt]
    log_index: Mapped[int]
    created_at: Mapped[BigInt]


class WebhookDelivery(Base):
    """One message to one endpoint; its id is the message id of every attempt."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[Identifier] = mapped_column(primary_key=True)
    endpoint_id: Mapped[Identifier] = mapped_column(ForeignKey("webhook_endpoints.id"))
    type: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    next_attempt_at: Mapped[BigInt]
    created_at: Mapped[BigInt]

    __table_args__ = (
        Index("ix_webhook_deliveries_due", "status", "next_attempt_at"),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "created_at", "id"),
    )


class WebhookAttempt(Base):
    """One try to deliver a message; `status_code` is null when nobody answered."""

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[Identifier] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[BigInt]
    status_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(200))
    milliseconds: Mapped[int]
