"""Endpoints of webhooks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import declared, declared_write
from ..http.schemas import Page
from ..http.writes import Write, writing
from . import service
from .schemas import (
    AttemptList,
    AttemptOut,
    DeliveryOut,
    EndpointOut,
    EndpointWithSecret,
    NewEndpoint,
    delivery_out,
)
from .tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint

router = APIRouter(tags=["webhooks"])


def _endpoint(row: WebhookEndpoint) -> EndpointOut:
    return EndpointOut(**{name: getattr(row, name) for name in EndpointOut.model_fields})


def _with_secret(write: Write, row: WebhookEndpoint, secret: str, status: int) -> Response:
    fields = _endpoint(row).model_dump()
    shown = EndpointWithSecret(secret=secret, **fields)
    return write.answer(
        status, shown, row.id, kept=EndpointWithSecret(secret="shown once", **fields)
    )


@router.post(
    "/webhook-endpoints",
    status_code=201,
    response_model=EndpointWithSecret,
    responses=declared_write("webhook-address-refused"),
)
def create_webhook_endpoint(
    body: NewEndpoint, write: Annotated[Write, Depends(writing("webhooks", "webhooks.create"))]
) -> Response:
    """Tells a URL what happens to the platform's covers from now on, once it is final."""
    row, secret = service.open_endpoint(write, body)
    return _with_secret(write, row, secret, 201)


@router.get("/webhook-endpoints", responses=declared("invalid-cursor"))
def list_webhook_endpoints(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[EndpointOut]:
    """The caller's endpoints."""
    query = select(WebhookEndpoint)
    if who.platform_id is not None:
        query = query.where(WebhookEndpoint.platform_id == who.platform_id)
    with at.database.read() as session:
        rows, following = page(session, query, [WebhookEndpoint.id], cursor, limit)
    return Page(items=[_endpoint(row) for row in rows], next_cursor=following)


@router.get("/webhook-endpoints/{endpoint_id}", responses=declared("not-found"))
def get_webhook_endpoint(endpoint_id: str, at: ServicesDep, who: Reader) -> EndpointOut:
    """One endpoint."""
    with at.database.read() as session:
        return _endpoint(service.find_endpoint(session, who, endpoint_id))


@router.post(
    "/webhook-endpoints/{endpoint_id}:rotate",
    response_model=EndpointWithSecret,
    responses=declared_write("not-found"),
)
def rotate_webhook_secret(
    endpoint_id: str, write: Annotated[Write, Depends(writing("webhooks", "webhooks.rotate"))]
) -> Response:
    """Makes a new secret; for a day the old one signs beside it."""
    row = service.find_endpoint(write.session, write.caller, endpoint_id)
    return _with_secret(write, row, service.rotate(write, row), 200)


@router.post(
    "/webhook-endpoints/{endpoint_id}:enable",
    response_model=EndpointOut,
    responses=declared_write("not-found"),
)
def enable_webhook_endpoint(
    endpoint_id: str, write: Annotated[Write, Depends(writing("webhooks", "webhooks.enable"))]
) -> Response:
    """Goes on; what happened meanwhile is told now."""
    row = service.find_endpoint(write.session, write.caller, endpoint_id)
    row.enabled = True
    return write.answer(200, _endpoint(row), row.id)


@router.post(
    "/webhook-endpoints/{endpoint_id}:disable",
    response_model=EndpointOut,
    responses=declared_write("not-found"),
)
def disable_webhook_endpoint(
    endpoint_id: str, write: Annotated[Write, Depends(writing("webhooks", "webhooks.disable"))]
) -> Response:
    """Tells nothing until it is enabled again."""
    row = service.find_endpoint(write.session, write.caller, endpoint_id)
    row.enabled = False
    return write.answer(200, _endpoint(row), row.id)


@router.post(
    "/webhook-endpoints/{endpoint_id}:ping",
    status_code=202,
    response_model=DeliveryOut,
    responses=declared_write("not-found"),
)
def ping_webhook_endpoint(
    endpoint_id: str, write: Annotated[Write, Depends(writing("webhooks", "webhooks.ping"))]
) -> Response:
    """Sends a message of type `ping`."""
    row = service.find_endpoint(write.session, write.caller, endpoint_id)
    made = service.ping(write, row)
    return write.answer(202, delivery_out(made), made.id)


@router.get(
    "/webhook-endpoints/{endpoint_id}/deliveries", responses=declared("not-found", "invalid-cursor")
)
def list_webhook_deliveries(
    endpoint_id: str, at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeliveryOut]:
    """Messages to an endpoint, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    order = [WebhookDelivery.created_at, WebhookDelivery.id]
    with at.database.read() as session:
        service.find_endpoint(session, who, endpoint_id)
        rows, following = page(session, query, order, cursor, limit, True)
    return Page(items=[delivery_out(row) for row in rows], next_cursor=following)


@router.get("/webhook-deliveries/{delivery_id}/attempts", responses=declared("not-found"))
def list_webhook_attempts(delivery_id: str, at: ServicesDep, who: Reader) -> AttemptList:
    """Every attempt to deliver a message."""
    query = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id)
    with at.database.read() as session:
        service.find_delivery(session, who, delivery_id)
        rows = list(session.scalars(query.order_by(WebhookAttempt.number)))
    items = [AttemptOut(**{n: getattr(row, n) for n in AttemptOut.model_fields}) for row in rows]
    return AttemptList(items=items)


@router.post(
    "/webhook-deliveries/{delivery_id}:replay",
    status_code=202,
    response_model=DeliveryOut,
    responses=declared_write("not-found"),
)
def replay_webhook_delivery(
    delivery_id: str, write: Annotated[Write, Depends(writing("webhooks", "webhooks.replay"))]
) -> Response:
    """Sends a message again, with the same id."""
    row = service.find_delivery(write.session, write.caller, delivery_id)
    service.replay(write, row)
    return write.answer(202, delivery_out(row), row.id)
