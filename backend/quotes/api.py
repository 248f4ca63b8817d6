"""Endpoint of quotes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from ..http.context import Caller, ServicesDep, allowed
from ..http.problems import declared
from ..http.shortcuts import Asked, Shortcut
from ..http.writes import JSON
from . import service
from .schemas import NewQuote, QuoteOut

router = APIRouter(tags=["quotes"])


@router.post(
    "/quotes",
    response_model=QuoteOut,
    responses=declared(
        "not-found", "not-offered", "onboarding-refused", "score-unavailable", "node-unavailable"
    ),
)
async def create_quote(
    body: NewQuote, at: ServicesDep, who: Annotated[Caller, Depends(allowed("quote"))]
) -> Response:
    """An offer signed by the underwriter. It is not stored, so it needs no Idempotency-Key."""
    terms = service.known_terms(at, who, body)
    head = at.market.known_head()
    if terms is None or head is None:
        terms = await run_in_threadpool(service.read_terms, at, who, body)
        head = await run_in_threadpool(at.market.head)
    made = service.make_quote(at, terms, head.timestamp + at.settings.quote_seconds, body)
    return Response(made, media_type=JSON)


async def quote_at_hand(asked: Asked) -> bytes | None:
    """The same when everything that it rests on is known to this process."""
    at = asked.at
    try:
        wish = NewQuote.model_validate_json(asked.body)
    except ValidationError:
        return None
    terms, head = service.known_terms(at, asked.who, wish), at.market.known_head()
    if terms is None or head is None:
        return None
    return service.make_quote(at, terms, head.timestamp + at.settings.quote_seconds, wish)


SHORTCUT = Shortcut("/v1/quotes", "quote", 200, quote_at_hand)
