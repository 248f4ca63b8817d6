"""Opens, rotates and switches endpoints, and queues pings and replays."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from ..chain.indexer import indexed_head
from ..http.context import Caller
from ..http.problems import Problem
from ..http.writes import Write
from .addresses import AddressRefused, networks, system_resolver, target_of
from .messages import PING
from .schemas import NewEndpoint
from .signing import secret_of
from .tables import WebhookDelivery, WebhookEndpoint

LAST = 2**31 - 1


def open_endpoint(write: Write, wish: NewEndpoint) -> tuple[WebhookEndpoint, str]:
    """An endpoint that is told what happens from now on, and its secret.

    :raises Problem: webhook-address-refused
    """
    settings = write.at.settings
    try:
        target_of(wish.url, networks(settings.webhook_networks), system_resolver)
    except AddressRefused as error:
        raise Problem("webhook-address-refused", str(error)) from error
    head = indexed_head(write.session)
    row = WebhookEndpoint(
        id=f"whe_{secrets.token_hex(10)}",
        platform_id=write.platform_id,
        url=wish.url,
        types=wish.types,
        enabled=True,
        secret_version=1,
        rotated_at=write.now,
        block_number=0 if head is None else head[0],
        log_index=LAST,
        created_at=write.now,
    )
    write.session.add(row)
    return row, secret_of(settings.commitment_key, row.id, 1)


def find_endpoint(session: Session, who: Caller, endpoint_id: str) -> WebhookEndpoint:
    """
    :raises Problem: not-found
    """
    row = session.get(WebhookEndpoint, endpoint_id)
    if row is None or who.platform_id not in (None, row.platform_id):
        raise Problem("not-found", f"no webhook endpoint {endpoint_id}")
    return row


def find_delivery(session: Session, who: Caller, delivery_id: str) -> WebhookDelivery:
    """
    :raises Problem: not-found
    """
    row = session.get(WebhookDelivery, delivery_id)
    if row is None:
        raise Problem("not-found", f"no webhook delivery {delivery_id}")
    find_endpoint(session, who, row.endpoint_id)
    return row


def rotate(write: Write, row: WebhookEndpoint) -> str:
    """A new secret; the one before signs too for a day."""
    row.secret_version += 1
    row.rotated_at = write.now
    return secret_of(write.at.settings.commitment_key, row.id, row.secret_version)


def ping(write: Write, row: WebhookEndpoint) -> WebhookDelivery:
    """Queues a message that says nothing."""
    message = {"type": PING, "timestamp": write.now, "data": {"endpoint": row.id}}
    made = WebhookDelivery(
        id=f"msg_{secrets.token_hex(12)}",
        endpoint_id=row.id,
        type=PING,
        payload=message,
        status="pending",
        attempts=0,
        next_attempt_at=write.now,
        created_at=write.now,
    )
    write.session.add(made)
    return made


def replay(write: Write, row: WebhookDelivery) -> None:
    """Sends a message again now, with its id, whatever became of it."""
    row.status = "pending"
    row.next_attempt_at = write.now
