"""The market's head: asked for by one thread at a time, and never by a request that can go on."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest

from backend.chain.node import Block
from backend.market import ChainMarket
from contracts.client.errors import NodeUnavailable


class SlowNode:
    """A node that answers when the test lets it."""

    def __init__(self) -> None:
        self.number, self.asked = 1, 0
        self.asking, self.may_answer = Event(), Event()
        self.may_answer.set()
        self.down = False

    def block(self) -> Block:
        self.asked += 1
        self.asking.set()
        self.may_answer.wait(5)
        if self.down:
            raise NodeUnavailable("gone")
        return Block(self.number, f"0x{self.number:064x}", "0x", 100, 1)


class Bench:
    def __init__(self) -> None:
        self.node, self.now = SlowNode(), 0.0
        contracts: Any = type("Contracts", (), {"node": self.node})()
        database: Any = None
        self.market = ChainMarket(database, contracts, lambda: self.now)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.market.head()
    return made


def test_head__node_down_and_last_one_old__raises_and_lets_the_next_ask(bench: Bench) -> None:
    bench.now, bench.node.down = 5.0, True
    for _ in range(2):
        with pytest.raises(NodeUnavailable):
            bench.market.head()
    assert bench.market.known_head() is None


def test_head__another_thread_asks__goes_on_with_the_last(bench: Bench) -> None:
    bench.now, bench.node.number = 0.5, 2
    assert bench.market.known_head() is None
    bench.node.asking.clear()
    bench.node.may_answer.clear()
    thread = Thread(target=bench.market.head)
    thread.start()
    assert bench.node.asking.wait(5)
    known = bench.market.known_head()
    assert known is not None
    assert (known.number, bench.market.head().number) == (1, 1)
    bench.node.may_answer.set()
    thread.join()
    assert (bench.market.head().number, bench.node.asked) == (2, 2)


def test_head__young__is_not_asked_for_again(bench: Bench) -> None:
    bench.now = 0.1
    assert bench.market.head().number == 1
    assert bench.node.asked == 1
