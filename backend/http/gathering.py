"""Writes of a process that share a transaction: whoever comes while one runs is in the next.

Nobody waits for company. The durable commit, which costs more than all else, is paid once for all
that came during the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Outcome = bytes | Exception
"""An answer, or why there is none."""

MOST_TOGETHER = 200


class Gathering(Generic[T]):
    """One writer at a time for items of one kind, on the event loop of whoever adds.

    :param most: items of one transaction
    """

    def __init__(self, most: int = MOST_TOGETHER) -> None:
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[bytes]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "gathering")

    async def add(self, item: T, write: Callable[[Sequence[T]], list[Outcome]]) -> bytes:
        """The item's answer, once `write` has committed it.

        :raises Exception: the item's own outcome, or what `write` raised for all of its items
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append((item, answer))
        if self._writer is None:
            self._writer = loop.create_task(self._write_all(write))
        return await answer

    async def _write_all(self, write: Callable[[Sequence[T]], list[Outcome]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                items = [item for item, _ in taken]
                outcomes: Sequence[Any]
                try:
                    outcomes = await loop.run_in_executor(self._thread, write, items)
                except Exception as error:
                    outcomes = [error] * len(items)
                for (_, answer), outcome in zip(taken, outcomes, strict=True):
                    if answer.done():  # whoever waited has gone
                        continue
                    if isinstance(outcome, Exception):
                        answer.set_exception(outcome)
                    else:
                        answer.set_result(outcome)
        finally:
            self._writer = None
