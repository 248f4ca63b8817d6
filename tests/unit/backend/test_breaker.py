"""The circuit breaker before the node: when it opens, what it lets through, when it closes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.chain.breaker import FAILURES, Breaker, CircuitOpen
from contracts.client.errors import ContractReverted, NodeUnavailable
from tests.support.fake_chain import FakeChain

TARGET = "0x" + "11" * 20


class CountedChain(FakeChain):
    """Counts how often it is asked for its latest block."""

    asked = 0

    def block(self, number: int | None = None):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().block(number)


@pytest.fixture
def chain() -> CountedChain:
    return CountedChain()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(ask: Callable[[], object], times: int) -> None:
    for _ in range(times):
        with pytest.raises(NodeUnavailable):
            ask()


def test_circuit__fewer_failures_than_it_takes__goes_on_asking(
    chain: CountedChain, clock: Clock
) -> None:
    breaker = Breaker(chain, 2.0, clock)
    chain.down = True
    fail(breaker.block, FAILURES - 1)
    chain.down = False
    assert breaker.block() is not None
    chain.down = True
    fail(breaker.block, FAILURES - 1)
    assert chain.asked == 2 * FAILURES - 1


def test_circuit__open__asks_nobody_until_the_pause_is_over(
    chain: CountedChain, clock: Clock
) -> None:
    breaker = Breaker(chain, 2.0, clock)
    chain.down = True
    fail(breaker.block, FAILURES)
    chain.down = False
    with pytest.raises(CircuitOpen):
        breaker.block()
    assert chain.asked == FAILURES
    clock.now = 2.0
    assert breaker.block() is not None
    assert breaker.block() is not None


def test_circuit__trial_fails__stays_open_for_another_pause(
    chain: CountedChain, clock: Clock
) -> None:
    breaker = Breaker(chain, 2.0, clock)
    chain.down = True
    fail(breaker.block, FAILURES)
    clock.now = 2.0
    fail(breaker.block, 1)
    chain.down = False
    clock.now = 3.9
    with pytest.raises(CircuitOpen):
        breaker.block()
    clock.now = 4.0
    assert breaker.block() is not None


def test_circuit__a_trial_in_flight__lets_nobody_else_through(
    chain: CountedChain, clock: Clock
) -> None:
    breaker = Breaker(chain, 2.0, clock)
    chain.down = True
    fail(breaker.block, FAILURES)
    clock.now = 2.0

    class Asking(CountedChain):
        def chain_id(self) -> int:
            with pytest.raises(CircuitOpen):
                breaker.block()
            return super().chain_id()

    breaker._node = Asking()
    assert breaker.chain_id() == 1337


def test_circuit__refusals__are_answers(chain: CountedChain, clock: Clock) -> None:
    breaker = Breaker(chain, 2.0, clock)
    chain.refusals[b"x"] = ContractReverted("NoScore", {"risk": 0})
    for _ in range(2 * FAILURES):
        with pytest.raises(ContractReverted):
            breaker.call(TARGET, b"x")


def test_circuit__without_a_pause__never_opens(chain: CountedChain, clock: Clock) -> None:
    breaker = Breaker(chain, 0.0, clock)
    chain.down = True
    fail(breaker.block, 3 * FAILURES)
    assert chain.asked == 3 * FAILURES
