"""Turns final ledger events into webhook messages, and delivers what is due.

A message may be sent more than once (its id stays the same) and is never lost: it is stored with
the endpoint's cursor in one transaction, and an attempt is recorded after it was made.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass

import httpx
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from ..chain.indexer import indexed_head
from ..chain.tables import LedgerEvent
from ..http.context import Services
from ..webhooks.addresses import AddressRefused, Resolve, networks, system_resolver, target_of
from ..webhooks.messages import TYPES, message_of, platform_of
from ..webhooks.signing import headers_of
from ..webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint

EVENTS_A_PASS = 500
DELIVERIES_A_PASS = 50
RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits between attempts; after the last one the message has failed."""

GONE = 410
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    status_code: int | None
    error: str | None
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def run_webhooks(at: Services, resolve: Resolve = system_resolver) -> int:
    """One pass; how many messages were delivered."""
    with at.database.read() as session:
        enabled = list(
            session.scalars(select(WebhookEndpoint.id).where(WebhookEndpoint.enabled.is_(True)))
        )
    for endpoint in enabled:
        with at.database.write() as session:
            _collect(session, at, session.get_one(WebhookEndpoint, endpoint))
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        return sum(_deliver(at, client, resolve, delivery) for delivery in _due(at))


# -- collecting ------------------------------------------------------------------------------------


def _collect(session: Session, at: Services, endpoint: WebhookEndpoint) -> None:
    """Stores messages for the final events after the endpoint's cursor, and moves it."""
    head = indexed_head(session)
    if head is None:
        return
    place = tuple_(LedgerEvent.block_number, LedgerEvent.log_index)
    query = select(LedgerEvent).where(
        place > tuple_(endpoint.block_number, endpoint.log_index),
        LedgerEvent.block_number <= head[0] - at.settings.finality_depth,
    )
    rows = session.scalars(
        query.order_by(LedgerEvent.block_number, LedgerEvent.log_index).limit(EVENTS_A_PASS)
    )
    now = int(at.clock())
    for event in rows:
        endpoint.block_number, endpoint.log_index = event.block_number, event.log_index
        kind = TYPES.get((event.contract, event.name))
        wanted = kind is not None and (not endpoint.types or kind in endpoint.types)
        if wanted and platform_of(session, event) == endpoint.platform_id:
            session.add(_message(endpoint, event, now))


def _message(endpoint: WebhookEndpoint, event: LedgerEvent, now: int) -> WebhookDelivery:
    place = f"{endpoint.id} {event.block_hash} {event.log_index}".encode()
    message = message_of(event)
    return WebhookDelivery(
        id="msg_" + hashlib.sha256(place).hexdigest()[:24],
        endpoint_id=endpoint.id,
        type=message["type"],
        payload=message,
        status="pending",
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )


# -- delivering ------------------------------------------------------------------------------------


def _due(at: Services) -> list[str]:
    query = (
        select(WebhookDelivery.id)
        .join(WebhookEndpoint)
        .where(
            WebhookDelivery.status == "pending",
            WebhookDelivery.next_attempt_at <= int(at.clock()),
            WebhookEndpoint.enabled.is_(True),
        )
    )
    with at.database.read() as session:
        order = (WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        return list(session.scalars(query.order_by(*order).limit(DELIVERIES_A_PASS)))


def _deliver(at: Services, client: httpx.Client, resolve: Resolve, delivery_id: str) -> bool:
    with at.database.read() as session:
        delivery = session.get_one(WebhookDelivery, delivery_id)
        endpoint = session.get_one(WebhookEndpoint, delivery.endpoint_id)
    outcome = _attempt(at, client, resolve, endpoint, delivery)
    with at.database.write() as session:
        row = session.get_one(WebhookDelivery, delivery_id)
        _record(session, row, outcome, int(at.clock()))
        if outcome.status_code == GONE:
            session.get_one(WebhookEndpoint, row.endpoint_id).enabled = False
    return outcome.is_delivered


def _attempt(
    at: Services,
    client: httpx.Client,
    resolve: Resolve,
    endpoint: WebhookEndpoint,
    delivery: WebhookDelivery,
) -> Outcome:
    """One signed POST to the checked and pinned address."""
    body = json.dumps(delivery.payload, separators=(",", ":"))
    started = time.monotonic()

    def outcome(status_code: int | None, error: str | None) -> Outcome:
        return Outcome(status_code, error, int(1000 * (time.monotonic() - started)))

    try:
        target = target_of(endpoint.url, networks(at.settings.webhook_networks), resolve)
        headers = headers_of(
            at.settings.commitment_key,
            endpoint.id,
            endpoint.secret_version,
            endpoint.rotated_at,
            delivery.id,
            int(at.clock()),
            body,
        )
        answer = client.post(
            target.pinned,
            content=body,
            headers=headers
            | {"Host": target.url.netloc.decode(), "Content-Type": "application/json"},
            extensions={"sni_hostname": target.host},
        )
    except AddressRefused as error:
        return outcome(None, str(error)[:200])
    except httpx.HTTPError as error:
        return outcome(None, f"{type(error).__name__}: {error}"[:200])
    return outcome(answer.status_code, None)


def _record(session: Session, row: WebhookDelivery, outcome: Outcome, now: int) -> None:
    row.attempts += 1
    session.add(
        WebhookAttempt(
            delivery_id=row.id,
            number=row.attempts,
            at=now,
            status_code=outcome.status_code,
            error=outcome.error,
            milliseconds=outcome.milliseconds,
        )
    )
    if outcome.is_delivered:
        row.status = "delivered"
    elif row.attempts > len(RETRY_SECONDS) or outcome.status_code == GONE:
        row.status = "failed"
    else:
        row.next_attempt_at = now + RETRY_SECONDS[row.attempts - 1]
