"""The short way of the busiest operations: past routing, dependencies and their checks.

A shortcut answers a request of the usual form from a key that this process knows. Any other goes
the long way, through the endpoint that declares the operation and says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .context import Caller, Services, allowance_of, known_caller
from .writes import JSON

PLAIN = JSON.encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its caller, whose rate is not used up."""

    at: Services
    who: Caller
    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A JSON operation's short way; `answer` gives a body, or None to take the long way."""

    path: str
    scope: str
    status: int
    answer: Callable[[Asked], Awaitable[bytes | None]]


class Shortcuts:
    """Middleware: POST requests with a shortcut take it.

    :param handlers: what the application makes of exceptions
    """

    def __init__(
        self, app: ASGIApp, shortcuts: tuple[Shortcut, ...], handlers: Mapping[Any, Any]
    ) -> None:
        self._app = app
        self._found = {shortcut.path: shortcut for shortcut in shortcuts}
        self._short = ExceptionMiddleware(self._take, handlers=handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        usual = scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]
        way = self._short if usual and scope["path"] in self._found else self._app
        await way(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        shortcut = self._found[scope["path"]]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        at: Services = scope["app"].state.services
        who = known_caller(at, headers.get(b"authorization", b""))
        if (
            who is None
            or shortcut.scope not in who.scopes
            or headers.get(b"content-type") != PLAIN
            or not allowance_of(scope, at, who.actor).granted
        ):
            await self._app(scope, receive, send)
            return
        scope["route"] = shortcut  # traces name the request by its path
        body = await _read(receive)
        asked = Asked(at, who, scope["method"], scope["path"], headers, body)
        content = await shortcut.answer(asked)
        if content is None:
            await self._app(scope, _again(body, receive), send)
            return
        length = (b"content-length", b"%d" % len(content))
        head = [length, (b"content-type", PLAIN)]
        await send({"type": "http.response.start", "status": shortcut.status, "headers": head})
        await send({"type": "http.response.body", "body": content})


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read to the next reader, and then what comes after it."""
    left = [body]

    async def first_the_body() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return first_the_body
