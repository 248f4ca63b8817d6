"""Endpoints for operators: health, readiness, metrics."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from contracts.client.errors import ChainError

from ..chain.indexer import indexed_head
from ..chain.tables import Chain, ChainTransaction
from ..claims.clock import missed
from ..http.context import Services, ServicesDep
from ..http.schemas import Body
from .metrics import HEAD_LAG, OUTBOX, PAY_BY_MISSED, REGISTRY

router = APIRouter(tags=["operation"])
MOST_LAG = 20
"""Blocks that the database may be behind and still be ready."""


class Health(Body):
    status: Literal["ok"]


class Ready(Body):
    """Each part is `ok` or says what is wrong."""

    ready: bool
    database: str
    node: str
    chain: str
    indexed_block: int | None
    head_block: int | None


@router.get("/health")
def get_health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Ready, "description": "Not ready"}})
def get_ready(at: ServicesDep, response: Response) -> Ready:
    """Database, node and indexer are fit for work; 503 when one is not."""
    state = readiness(at)
    response.status_code = 200 if state.ready else 503
    return state


@router.get("/metrics", response_class=Response)
def get_metrics(at: ServicesDep) -> Response:
    """Prometheus metrics."""
    with at.database.read() as session:
        rows = session.execute(
            select(ChainTransaction.status, func.count()).group_by(ChainTransaction.status)
        )
        for status, count in rows:
            OUTBOX.labels(status).set(count)
        PAY_BY_MISSED.set(missed(session, at))
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def readiness(at: Services) -> Ready:
    database, node, chain = "ok", "ok", "ok"
    indexed, head = None, None
    try:
        with at.database.read() as session:
            found = indexed_head(session)
            indexed = None if found is None else found[0]
            stored = session.scalar(select(Chain))
            if stored is not None and stored.genesis_hash != at.contracts.deployment.genesis_hash:
                chain = "the database is of another chain"
    except SQLAlchemyError as error:
        database = type(error).__name__
    try:
        head = at.market.head().number
    except ChainError as error:
        node = f"{type(error).__name__}"
    if database == "ok" and node == "ok" and chain == "ok":
        if indexed is None or head is None:
            chain = "nothing is indexed yet"
        else:
            HEAD_LAG.set(max(0, head - indexed))
            if head - indexed > MOST_LAG:
                chain = f"the indexer is {head - indexed} blocks behind"
    ready = (database, node, chain) == ("ok", "ok", "ok")
    return Ready(
        ready=ready,
        database=database,
        node=node,
        chain=chain,
        indexed_block=indexed,
        head_block=head,
    )
