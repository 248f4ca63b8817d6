"""One write is one database transaction: its effect, its kept answer, its audit row.

Writes of one kind may share a transaction; each still has its own effect, answer and row.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..observability.logs import case_id as current_case
from ..storage.rows import insert_rows
from .audit import Entry, append
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


@dataclass(frozen=True, slots=True)
class Intake:
    """Who asks for which write, under which key; nothing is written yet."""

    caller: Caller
    action: str
    case_id: str
    now: int
    key: str
    fingerprint: str

    @property
    def name(self) -> tuple[str, str]:
        """Under this the answer is kept."""
        return self.caller.tenant, self.key

    @property
    def platform_id(self) -> str:
        """The caller's platform.

        :raises Problem: forbidden, for the insurer, who is no platform
        """
        if self.caller.platform_id is None:
            raise Problem("forbidden", "this needs a platform's API key")
        return self.caller.platform_id


@dataclass(frozen=True, slots=True)
class Done:
    """A write's effect is in the transaction; `kept` is replayed instead of `content`."""

    intake: Intake
    status: int
    content: bytes
    kept: bytes
    target: str


_ANSWER = ("tenant", "key", "fingerprint", "status", "body", "expires_at")


def conclude(session: Session, done: Sequence[Done]) -> None:
    """Adds the answers and audit rows of writes to their transaction, which is to be committed."""
    answers: list[tuple[object, ...]] = []
    chains: dict[str, list[Entry]] = {}
    for one in done:
        intake, (tenant, key) = one.intake, one.intake.name
        expiry = intake.now + EXPIRY
        answers.append((tenant, key, intake.fingerprint, one.status, one.kept, expiry))
        digest = "0x" + hashlib.sha256(one.content).hexdigest()
        chains.setdefault(tenant, []).append(
            Entry(
                intake.now, intake.caller.actor, intake.action, one.target, intake.case_id,
                intake.fingerprint, digest,
            )
        )  # fmt: skip
    insert_rows(session, IdempotentAnswer, _ANSWER, answers)
    for tenant in sorted(chains):
        append(session, tenant, chains[tenant])


@dataclass(slots=True)
class Write:
    """An open write transaction; nothing of it is kept unless `answer` is reached."""

    session: Session
    at: Services
    intake: Intake

    @property
    def caller(self) -> Caller:
        return self.intake.caller

    @property
    def case_id(self) -> str:
        return self.intake.case_id

    @property
    def now(self) -> int:
        return self.intake.now

    @property
    def key(self) -> str:
        return self.intake.key

    @property
    def platform_id(self) -> str:
        """
        :raises Problem: forbidden, for the insurer, who is no platform
        """
        return self.intake.platform_id

    def answer(
        self, status: int, body: BaseModel, target: str, kept: BaseModel | None = None
    ) -> Response:
        """Stores answer and audit row with the effect, commits all of it, and answers.

        `kept` is stored and replayed instead of a body that shows a secret.
        """
        content = body.model_dump_json().encode()
        replayed = content if kept is None else kept.model_dump_json().encode()
        try:
            conclude(self.session, [Done(self.intake, status, content, replayed, target)])
            self.session.commit()
        except IntegrityError as error:
            raise Problem("conflict", "a concurrent request did the same") from error
        self.at.faults.reached("sale.stored_not_answered")
        return Response(content, status, media_type=JSON)


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """SHA-256 over method, path and body."""
    return "0x" + hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


async def fingerprint(request: Request) -> str:
    return fingerprint_of(request.method, request.url.path, await request.body())


FORM = r"^[!-~]+$"
MOST_CHARACTERS = 255
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=MOST_CHARACTERS, pattern=FORM),
]


def is_key(text: str) -> bool:
    """Whether a header's text can be an Idempotency-Key."""
    return len(text) <= MOST_CHARACTERS and re.match(FORM, text) is not None


def taking_in(scope: str, action: str) -> Callable[..., Awaitable[Intake]]:
    """A dependency: a write that a caller with the scope asks for.

    This module evaluates annotations at once, because some use the argument `scope`.
    """

    async def take_in(
        at: ServicesDep,
        who: Annotated[Caller, Depends(allowed(scope))],
        body_hash: Annotated[str, Depends(fingerprint)],
        idempotency_key: IdempotencyKey = None,
    ) -> Intake:
        if idempotency_key is None:
            raise Problem("idempotency-key-missing", "send an Idempotency-Key header")
        now = int(at.clock())
        return Intake(who, action, current_case.get(), now, idempotency_key, body_hash)

    return take_in


def writing(scope: str, action: str) -> Callable[..., Iterator[Write]]:
    """A dependency: a write transaction of a caller that has the scope."""

    def open_write(
        at: ServicesDep, intake: Annotated[Intake, Depends(taking_in(scope, action))]
    ) -> Iterator[Write]:
        with in_flight(at, intake), at.database.open_write() as session:
            for found in earlier(session, [intake]):
                if found is not None:
                    raise found
            yield Write(session, at, intake)

    return open_write


@contextmanager
def in_flight(at: Services, intake: Intake) -> Iterator[None]:
    """Holds the key in this process.

    :raises Problem: idempotency-key-in-flight
    """
    if not at.in_flight.enter(*intake.name):
        raise _still_runs()
    try:
        yield
    finally:
        at.in_flight.leave(*intake.name)


def _still_runs() -> Problem:
    return Problem("idempotency-key-in-flight", "try again when it has ended")


def earlier(session: Session, intakes: Sequence[Intake]) -> list[Exception | None]:
    """What each write's key has already: `Replayed`, a `Problem`, or None when it is free.

    On PostgreSQL the free keys are held until the transaction's end; SQLite has one writer.
    """
    held = _hold(session, intakes)
    kept: dict[tuple[str, str], IdempotentAnswer] = {}
    for tenant in {intake.caller.tenant for intake in intakes}:
        keys = [intake.key for intake in intakes if intake.caller.tenant == tenant]
        query = select(IdempotentAnswer).where(
            IdempotentAnswer.tenant == tenant, IdempotentAnswer.key.in_(keys)
        )
        kept |= {(tenant, row.key): row for row in session.scalars(query)}
    return [
        _earlier(session, intake, kept.get(intake.name)) if intake.name in held else _still_runs()
        for intake in intakes
    ]


_HOLD = text(
    "SELECT name, pg_try_advisory_xact_lock(hashtextextended(name, 0))"
    " FROM unnest(CAST(:names AS text[])) AS name"
)


def _hold(session: Session, intakes: Sequence[Intake]) -> set[tuple[str, str]]:
    """The names whose keys no other process writes."""
    names = {" ".join(intake.name): intake.name for intake in intakes}
    if session.get_bind().dialect.name == "sqlite":
        return set(names.values())
    rows = session.execute(_HOLD, {"names": list(names)})
    return {names[name] for name, granted in rows if granted}


def _earlier(session: Session, intake: Intake, kept: IdempotentAnswer | None) -> Exception | None:
    if kept is None:
        return None
    if kept.expires_at <= intake.now:
        session.delete(kept)
        return None
    if kept.fingerprint != intake.fingerprint:
        return Problem("idempotency-key-reused", "the key belongs to another request")
    return Replayed(kept.status, kept.body)
