"""Problem details (RFC 9457): each error an endpoint can return has a stable type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from contracts.client.errors import ChainError, ContractReverted

from ..domain.errors import DomainError, Missing

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/problems/"
"""A type is a reference relative to the API, which serves its description there."""

PROBLEM_TYPES = "x-problem-types"
"""Where an operation of the OpenAPI document lists the problem types of each status."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: its status, its title, and what a client does about it."""

    status: int
    title: str
    advice: str


PROBLEMS: dict[str, Kind] = {
    "unauthenticated": Kind(
        401, "No valid key was given", "Send `Authorization: Bearer <key>` with a key in force."
    ),
    "forbidden": Kind(
        403, "The key may not do this", "Use a key with the scope that `scope` names."
    ),
    "wrong-mode": Kind(
        403,
        "A test key meets a live deployment, or a live key a test one",
        "Use the key of this deployment.",
    ),
    "not-found": Kind(
        404,
        "There is no such thing, or it belongs to somebody else",
        "Check the id; what was just queued appears once it is on the ledger.",
    ),
    "method-not-allowed": Kind(
        405, "The address does not take this method", "See the OpenAPI document."
    ),
    "idempotency-key-missing": Kind(
        400,
        "A write needs an Idempotency-Key",
        "Send a new key with each new request, and the same one with its repetitions.",
    ),
    "idempotency-key-reused": Kind(
        422,
        "The Idempotency-Key was used with another request",
        "Take a new key; never change a request under an old one.",
    ),
    "idempotency-key-in-flight": Kind(
        409,
        "The first request with this Idempotency-Key still runs",
        "Send the same request again after a second.",
    ),
    "invalid-request": Kind(
        422,
        "The request does not have the documented form",
        "Mend the members that `errors` names; repeating the request does not help.",
    ),
    "invalid-cursor": Kind(
        400, "The cursor is not one that a page gave", "Begin the list again without a cursor."
    ),
    "conflict": Kind(
        409,
        "The request contradicts what is stored",
        "Read the thing again and decide anew; `detail` says what contradicts.",
    ),
    "wallet-not-custodied": Kind(
        409,
        "The backend does not hold the key of this wallet",
        "Take the unsigned transactions and let the wallet sign them.",
    ),
    "not-offered": Kind(
        409,
        "No cover is offered for this wish",
        "`rule` names the rule; `have` and `limit` are the values that met.",
    ),
    "quote-expired": Kind(
        409, "The quote's deadline has passed", "Ask for a new quote; it may have another price."
    ),
    "onboarding-refused": Kind(
        409,
        "The applicant or asset is referred or declined",
        "`reasons` names each rule and its remedy.",
    ),
    "transaction-covered": Kind(
        409,
        "A certificate was sold for this transaction before",
        "Read the certificate that was sold; a transaction is covered once.",
    ),
    "score-unavailable": Kind(
        409,
        "The risk has no score that is new enough",
        "Try again after the next frame; check the sensor if it persists.",
    ),
    "contract-refused": Kind(
        409,
        "A contract would refuse this",
        "`error` and `values` are the contract's custom error.",
    ),
    "sandbox-off": Kind(
        403,
        "The deployment has no sandbox",
        "Use a deployment on a development chain, such as that of `make sandbox`.",
    ),
    "signature-invalid": Kind(
        422, "The signature is not one of the expected signer", "Sign the exact message again."
    ),
    "sign-in-refused": Kind(
        422,
        "The signed message is not one to sign in with here",
        "Ask for a new message, sign it unchanged, and send it once; `rule` names what it broke.",
    ),
    "webhook-address-refused": Kind(
        422,
        "No webhook is sent to this address",
        "Give an https URL whose every address is public.",
    ),
    "rate-limited": Kind(
        429, "Too many requests with this key", "Wait for the seconds in `Retry-After`."
    ),
    "node-unavailable": Kind(
        503,
        "The chain's node does not answer",
        "Try again later with the same Idempotency-Key; nothing was done.",
    ),
    "internal": Kind(
        500,
        "Something went wrong here",
        "Try again with the same Idempotency-Key, and report the `X-Case-Id`.",
    ),
}
"""Every type of problem, by the last part of its reference."""


class Problem(Exception):
    """An error to answer with; `fields` become members of the problem document."""

    def __init__(self, kind: str, detail: str, **fields: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = PROBLEMS[kind].status, PROBLEMS[kind].title
        self.detail = detail
        self.fields = fields


class ProblemDocument(BaseModel):
    """An error; what `type` refers to names the members beyond these."""

    type: str
    title: str
    status: int
    detail: str


EVERYWHERE = ("unauthenticated", "forbidden", "wrong-mode", "invalid-request", "rate-limited")
"""Problems that every endpoint under /v1 can return."""


def declared(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of the problems that an endpoint can return, besides those of all."""
    return responses_of(*EVERYWHERE, *kinds)


def responses_of(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of problems.

    `document` of openapi.py turns their types into references to shared responses.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status = PROBLEMS[kind].status
        entry = found.setdefault(status, {"description": "", PROBLEM_TYPES: []})
        if kind not in entry[PROBLEM_TYPES]:
            entry[PROBLEM_TYPES].append(kind)
    return found


def declared_write(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The same for a write, with the problems of the Idempotency-Key."""
    keys = [kind for kind in PROBLEMS if kind.startswith("idempotency-key-")]
    return declared(*keys, "conflict", *kinds)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = {
        "type": TYPE_BASE + problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        **problem.fields,
    }
    return JSONResponse(body, problem.status, dict(headers or {}), media_type=MEDIA_TYPE)


def from_chain(error: ChainError) -> Problem:
    """A contract's refusal keeps its error name and values; anything else is the node's."""
    if isinstance(error, ContractReverted):
        if error.name in ("NoScore", "StaleScore"):
            return Problem("score-unavailable", str(error), error=error.name)
        values = {k: str(v) for k, v in error.values.items()}
        return Problem("contract-refused", str(error), error=error.name, values=values)
    return Problem("node-unavailable", str(error))


def handlers_of(app: FastAPI) -> dict[Any, Any]:
    """What the application makes of the exceptions it expects."""
    return {kind: made for kind, made in app.exception_handlers.items() if kind is not Exception}


def install(app: FastAPI) -> None:
    """Turns every error of an endpoint into a problem document."""

    @app.exception_handler(Problem)
    async def on_problem(_: Request, error: Problem) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        if error.status == 429:
            headers["Retry-After"] = str(error.fields.get("retry_after", 1))
        return answer(error, headers)

    @app.exception_handler(ChainError)
    async def on_chain_error(_: Request, error: ChainError) -> JSONResponse:
        return answer(from_chain(error))

    @app.exception_handler(DomainError)
    async def on_domain_error(_: Request, error: DomainError) -> JSONResponse:
        fields = {name: str(value) for name, value in error.fields.items()}
        kind = "not-found" if isinstance(error, Missing) else "conflict"
        return answer(Problem(kind, str(error), **fields))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"at": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
            for e in error.errors()
        ]
        return answer(Problem("invalid-request", "see errors", errors=errors))

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> JSONResponse:
        kinds = {404: "not-found", 405: "method-not-allowed"}
        kind = kinds.get(error.status_code, "invalid-request")
        return answer(Problem(kind, str(error.detail)), error.headers)

    @app.exception_handler(Exception)
    async def on_anything(_: Request, error: Exception) -> JSONResponse:
        phrase = HTTPStatus(500).phrase
        return answer(Problem("internal", f"{phrase}: {type(error).__name__}"))
