"""Sends calls over HTTP: repeats what may be repeated, and turns answers into their types."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from ..http.schemas import Page
from .calls import Call
from .errors import ApiError, Unreachable

T = TypeVar("T", bound=BaseModel)
WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each repetition of a call that met a dead connection, a 429 or a 5xx."""

REPEATABLE = (429, 502, 503, 504)


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _options(call: Call[Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if call.idempotency_key is not None:
        headers["Idempotency-Key"] = call.idempotency_key
    return {"params": call.query, "headers": headers, "content": call.body}


def _answer(call: Call[T], answer: httpx.Response) -> T:
    if answer.is_success:
        return call.answer.model_validate_json(answer.content)
    try:
        fields = answer.json()
    except json.JSONDecodeError:
        fields = {"detail": answer.text[:200]}
    raise ApiError(answer.status_code, fields)


def _wait(answer: httpx.Response | None, planned: float) -> float | None:
    """Seconds until the call is sent again, None when its answer stands."""
    if answer is None:
        return planned
    in_flight = answer.status_code == 409 and b"idempotency-key-in-flight" in answer.content
    if answer.status_code not in REPEATABLE and not in_flight:
        return None
    return max(planned, float(answer.headers.get("Retry-After", 0)))


class Client:
    """Blocking: `api(call)`."""

    def __init__(self, url: str, key: str, timeout: float = 30.0) -> None:
        self._http = httpx.Client(base_url=url, headers=_headers(key), timeout=timeout)

    def __call__(self, call: Call[T]) -> T:
        """
        :raises ApiError: the API refused
        :raises Unreachable: nobody answered
        """
        last: httpx.HTTPError | None = None
        for planned in (*WAITS, 0.0):
            answer = None
            try:
                answer = self._http.request(call.method, call.path, **_options(call))
            except httpx.TransportError as error:
                last = error
            pause = _wait(answer, planned)
            if answer is not None and (pause is None or planned == 0.0):
                return _answer(call, answer)
            time.sleep(pause or 0.0)
        raise Unreachable(str(last)) from last

    def items(self, pages: Callable[..., Call[Page[T]]], *arguments: Any) -> Iterator[T]:
        """Every item of a list, over all of its pages."""
        cursor: str | None = None
        while True:
            page = self(pages(*arguments, limit=200, cursor=cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """Asynchronous: `await api(call)`."""

    def __init__(self, url: str, key: str, timeout: float = 30.0) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=_headers(key), timeout=timeout)

    async def __call__(self, call: Call[T]) -> T:
        """
        :raises ApiError: the API refused
        :raises Unreachable: nobody answered
        """
        last: httpx.HTTPError | None = None
        for planned in (*WAITS, 0.0):
            answer = None
            try:
                answer = await self._http.request(call.method, call.path, **_options(call))
            except httpx.TransportError as error:
                last = error
            pause = _wait(answer, planned)
            if answer is not None and (pause is None or planned == 0.0):
                return _answer(call, answer)
            await asyncio.sleep(pause or 0.0)
        raise Unreachable(str(last)) from last

    async def items(self, pages: Callable[..., Call[Page[T]]], *arguments: Any) -> AsyncIterator[T]:
        """Every item of a list, over all of its pages."""
        cursor: str | None = None
        while True:
            page = await self(pages(*arguments, limit=200, cursor=cursor))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()
