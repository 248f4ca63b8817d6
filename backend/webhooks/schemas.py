"""Bodies of webhook endpoints and deliveries."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from ..http.schemas import Body
from .messages import ALL_TYPES
from .tables import WebhookDelivery


class NewEndpoint(Body):
    """`types` empty means every type."""

    url: str = Field(max_length=2000, examples=["https://shop.example/flowcover"])
    types: list[str] = Field(default=[], max_length=len(ALL_TYPES))

    @field_validator("types")
    @classmethod
    def _known(cls, types: list[str]) -> list[str]:
        unknown = sorted(set(types) - set(ALL_TYPES))
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}")
        return sorted(set(types))


class EndpointOut(Body):
    id: str
    url: str
    types: list[str]
    enabled: bool
    created_at: int
    rotated_at: int


class EndpointWithSecret(EndpointOut):
    """`secret` is shown only when it is made."""

    secret: str


class DeliveryOut(Body):
    id: str
    endpoint: str
    type: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    next_attempt_at: int
    created_at: int
    payload: dict[str, Any]


def delivery_out(row: WebhookDelivery) -> DeliveryOut:
    """A message as the API tells it."""
    same = {n: getattr(row, n) for n in DeliveryOut.model_fields if n != "endpoint"}
    return DeliveryOut(endpoint=row.endpoint_id, **same)


class AttemptOut(Body):
    """`status_code` is null when nobody answered; `error` then says why."""

    number: int
    at: int
    status_code: int | None
    error: str | None
    milliseconds: int


class AttemptList(Body):
    items: list[AttemptOut]
