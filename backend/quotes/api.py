"""Endpoint of quotes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from ..http.context import Caller, ServicesDep, allowed
from ..http.problems import declared
from . import service
from .schemas import NewQuote, QuoteOut

router = APIRouter(tags=["quotes"])


@router.post(
    "/quotes",
    responses=declared(
        "not-found", "not-offered", "onboarding-refused", "score-unavailable", "node-unavailable"
    ),
)
def create_quote(
    body: NewQuote, at: ServicesDep, who: Annotated[Caller, Depends(allowed("quote"))]
) -> QuoteOut:
    """An offer signed by the underwriter. It is not stored, so it needs no Idempotency-Key."""
    with at.database.read() as session:
        return service.make_quote(at, session, who, body)
