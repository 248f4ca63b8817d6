"""One write is one database transaction: its effect, its kept answer, its audit row."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..observability.logs import case_id as current_case
from .audit import append
from .context import Caller, Services, ServicesDep, allowed
from .problems import Problem
from .tables import IdempotentAnswer

EXPIRY = 24 * 3600
JSON = "application/json"


class Replayed(Exception):
    """The first answer of an Idempotency-Key, to be sent again."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("replayed")
        self.status, self.body = status, body


@dataclass(slots=True)
class Write:
    """An open write transaction; nothing of it is kept unless `answer` is reached."""

    session: Session
    at: Services
    caller: Caller
    action: str
    case_id: str
    now: int
    key: str
    fingerprint: str

    @property
    def platform_id(self) -> str:
        """The caller's platform.

        :raises Problem: forbidden, for the insurer, who is no platform
        """
        if self.caller.platform_id is None:
            raise Problem("forbidden", "this needs a platform's API key")
        return self.caller.platform_id

    def answer(
        self, status: int, body: BaseModel, target: str, kept: BaseModel | None = None
    ) -> Response:
        """Stores answer and audit row with the effect, commits all of it, and answers.

        `kept` is stored and replayed instead of a body that shows a secret.
        """
        content = body.model_dump_json().encode()
        self.session.add(
            IdempotentAnswer(
                tenant=self.caller.tenant,
                key=self.key,
                fingerprint=self.fingerprint,
                status=status,
                body=content if kept is None else kept.model_dump_json().encode(),
                expires_at=self.now + EXPIRY,
            )
        )
        try:
            append(self, target, content)
            self.session.commit()
        except IntegrityError as error:
            raise Problem("conflict", "a concurrent request did the same") from error
        self.at.faults.reached("sale.stored_not_answered")
        return Response(content, status, media_type=JSON)


async def fingerprint(request: Request) -> str:
    """SHA-256 over method, path and body."""
    head = f"{request.method} {request.url.path}\n".encode()
    return "0x" + hashlib.sha256(head + await request.body()).hexdigest()


IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$"),
]


def writing(scope: str, action: str) -> Callable[..., Iterator[Write]]:
    """A dependency: a write transaction of a caller that has the scope.

    This module evaluates annotations at once, because one of them uses the argument `scope`.
    """

    def open_write(
        at: ServicesDep,
        who: Annotated[Caller, Depends(allowed(scope))],
        body_hash: Annotated[str, Depends(fingerprint)],
        idempotency_key: IdempotencyKey = None,
    ) -> Iterator[Write]:
        if idempotency_key is None:
            raise Problem("idempotency-key-missing", "send an Idempotency-Key header")
        if not at.in_flight.enter(who.tenant, idempotency_key):
            raise Problem("idempotency-key-in-flight", "try again when it has ended")
        try:
            with at.database.open_write() as session:
                now = int(at.clock())
                _replay(session, who.tenant, idempotency_key, body_hash, now)
                yield Write(
                    session, at, who, action, current_case.get(), now, idempotency_key, body_hash
                )
        finally:
            at.in_flight.leave(who.tenant, idempotency_key)

    return open_write


def _replay(session: Session, tenant: str, key: str, body_hash: str, now: int) -> None:
    """Raises `Replayed` if the key has an answer; on PostgreSQL holds the key until the end."""
    if session.get_bind().dialect.name == "postgresql":
        lock = func.hashtextextended(f"{tenant} {key}", 0)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
            raise Problem("idempotency-key-in-flight", "try again when it has ended")
    stored = session.get(IdempotentAnswer, (tenant, key))
    if stored is None:
        return
    if stored.expires_at <= now:
        session.delete(stored)
        session.flush()
        return
    if stored.fingerprint != body_hash:
        raise Problem("idempotency-key-reused", "the key belongs to another request")
    raise Replayed(stored.status, stored.body)
