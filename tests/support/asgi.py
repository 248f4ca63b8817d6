"""A blocking client of an ASGI application in this process, without sockets.

It fails the test if an answer has a status, or a problem a type, that the operation's entry in the
OpenAPI document does not declare.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI


class Client:
    """Sends requests to the application on an event loop of its own; any thread may use it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://flowcover")
        self._operations = [
            (re.compile(re.sub(r"{[a-z_]+}", "[^/:]+", path)), operations)
            for path, operations in app.openapi()["paths"].items()
        ]

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._portal.call(partial(self._client.request, method, path, **options))
        for pattern, operations in self._operations:
            if pattern.fullmatch(path) and method.lower() in operations:
                _require_declared(operations[method.lower()], answer)
                break
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def close(self) -> None:
        self._portal.call(self._client.aclose)
        self._stack.close()


def _require_declared(operation: dict[str, Any], answer: httpx.Response) -> None:
    status, name = str(answer.status_code), operation["operationId"]
    assert status in operation["responses"], f"{name}: undeclared {status}: {answer.text}"
    if answer.headers.get("content-type") == "application/problem+json":
        kinds = operation["x-problem-types"][status]
        kind = answer.json()["type"].rsplit("/", 1)[1]
        assert kind in kinds, f"{name}: undeclared {kind}: {answer.text}"
