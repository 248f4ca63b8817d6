"""Writes that share a transaction: who is with whom, and what becomes of a failing one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from backend.http.gathering import Gathering, Outcome


class Writer:
    """Notes its groups; the first waits until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.go = threading.Event()

    def write(self, items: Sequence[str]) -> list[Outcome]:
        self.groups.append(list(items))
        assert self.go.wait(10)
        if "broken" in items:
            raise OSError("no disk")
        return [ValueError(item) if item == "bad" else item.encode() for item in items]


async def gathered(writer: Writer, first: str, *others: str, most: int = 9) -> list[object]:
    """Outcomes of items, the others of which come while the first is written."""
    gathering: Gathering[str] = Gathering(most)
    tasks = [asyncio.create_task(gathering.add(first, writer.write))]
    while not writer.groups:
        await asyncio.sleep(0.001)
    tasks += [asyncio.create_task(gathering.add(item, writer.write)) for item in others]
    await asyncio.sleep(0)
    writer.go.set()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def test_add__transaction_fails__fails_its_items_and_no_others() -> None:
    writer = Writer()
    outcomes = asyncio.run(gathered(writer, "broken", "a", "b"))
    assert isinstance(outcomes[0], OSError)
    assert outcomes[1:] == [b"a", b"b"]


def test_add__one_item_refused__leaves_the_others_alone() -> None:
    outcomes = asyncio.run(gathered(Writer(), "a", "bad", "b"))
    assert (outcomes[0], outcomes[2]) == (b"a", b"b")
    assert isinstance(outcomes[1], ValueError)


def test_add__while_another_is_written__is_in_the_next_group_with_all_that_came() -> None:
    writer = Writer()
    asyncio.run(gathered(writer, "a", "b", "c", "d"))
    assert writer.groups == [["a"], ["b", "c", "d"]]


def test_add__more_than_a_group_takes__are_in_several_in_order() -> None:
    writer = Writer()
    asyncio.run(gathered(writer, "a", "b", "c", "d", most=2))
    assert writer.groups == [["a"], ["b", "c"], ["d"]]


def test_add__waiting_request_gone__does_not_stop_the_rest() -> None:
    async def run() -> bytes:
        writer, gathering = Writer(), Gathering[str]()
        gone = asyncio.create_task(gathering.add("a", writer.write))
        while not writer.groups:
            await asyncio.sleep(0.001)
        gone.cancel()
        other = asyncio.create_task(gathering.add("b", writer.write))
        writer.go.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await other

    assert asyncio.run(run()) == b"b"
