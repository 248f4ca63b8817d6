"""A member's HTTP interface; changes when an endpoint does. Problems are RFC 9457."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from oracles.domain.quorum import Frame
from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.quorum.health import Health
from oracles.quorum.inbox import Inbox
from oracles.quorum.store import Store

MOST_BODY: Final = 96 << 20
MOST_GOSSIP: Final = 4 << 20


class Problem(Exception):
    """A refused request."""

    def __init__(self, status: int, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


async def _answer(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return JSONResponse(
        {"type": "about:blank", "status": error.status, "title": error.title}
        | ({"detail": error.detail} if error.detail else {}),
        status_code=error.status,
        media_type="application/problem+json",
    )


async def _body(request: Request, most: int) -> Any:
    """The request's JSON; reading stops past ``most`` bytes."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > most:
            raise Problem(413, "request too large", f"more than {most} bytes")
    return read_json(bytes(data))


def read_json(data: bytes) -> Any:
    """A request's JSON. Raises Problem."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "no JSON") from error


def build_app(inbox: Inbox, store: Store, evidence: EvidenceStore, health: Health) -> FastAPI:
    """The interface of one member."""
    app = FastAPI(title="flowcover oracle member", version="1")
    app.add_exception_handler(Problem, _answer)

    @app.post("/gossip")
    async def gossip(request: Request) -> dict[str, int]:
        """Signed vectors and observations of other members; answers what became of them."""
        body = await _body(request, MOST_GOSSIP)
        messages = body.get("messages") if isinstance(body, dict) else None
        if not isinstance(messages, list):
            raise Problem(400, "malformed request", "messages must be a list")
        outcomes = await run_in_threadpool(inbox.take, messages)
        if messages and set(outcomes) == {"malformed"}:
            raise Problem(400, "malformed message", f"{outcomes['malformed']} messages")
        if messages and set(outcomes) == {"not_a_member"}:
            raise Problem(403, "not a member", "no signer has a seat in the committee")
        return {str(outcome): count for outcome, count in outcomes.items()}

    @app.post("/batches")
    async def batch(request: Request) -> dict[str, Any]:
        """One batch of a sensor; answers the sequence number that is expected next."""
        body = await _body(request, MOST_BODY)
        result = await run_in_threadpool(inbox.take_batch, body)
        match result.outcome:
            case "malformed":
                raise Problem(400, "malformed batch")
            case "unknown_sensor":
                raise Problem(403, "unknown sensor", "it is not the sensor of the risk")
            case "broken_chain":
                raise Problem(409, "broken chain", f"expected sequence {result.expects}")
            case _:
                return asdict(result)

    @app.get("/health")
    def page() -> dict[str, Any]:
        """Who this is, what it did last, and whom it reaches."""
        return health.page()

    @app.get("/metrics")
    def metrics() -> Response:
        """Prometheus' text format."""
        return Response(health.metrics(), media_type="text/plain; version=0.0.4")

    @app.get("/evidence/{name}")
    def bundle(name: str) -> Response:
        """A bundle by its hash, in its canonical form."""
        try:
            return Response(
                evidence.raw(bytes.fromhex(name.removeprefix("0x"))), media_type="application/json"
            )
        except (ValueError, EvidenceError) as error:
            raise Problem(404, "no such evidence", str(error)) from error

    @app.get("/frames/{frame}")
    def frame(frame: int) -> dict[str, list[str]]:
        """The hashes of the evidence behind this member's vectors of a frame."""
        return {"evidence": ["0x" + name.hex() for name in store.score_evidence(Frame(frame))]}

    return app
