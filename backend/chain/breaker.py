"""A circuit breaker before a node: when it has stopped answering, nobody waits for its time-out.

After some calls in a row without an answer, calls fail at once for a pause; then one call tries the
node again while the others go on failing, and its answer closes the circuit. A refusal is one too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from web3.types import LogReceipt

from contracts.client.errors import NodeUnavailable

from ..observability.metrics import NODE_CIRCUIT_OPEN
from .node import Block, Node, Receipt

T = TypeVar("T")
FAILURES = 5
"""Calls in a row without an answer that open the circuit."""


class CircuitOpen(NodeUnavailable):
    """The node was not asked, because it has not answered for a while."""


class Breaker:
    """The `Node` port around another one.

    :param pause: seconds for which the open circuit lets nothing through; 0 never opens it
    """

    def __init__(
        self, node: Node, pause: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._node = node
        self._pause = pause
        self._clock = clock
        self._lock = Lock()
        self._failed = 0
        self._closed_from = 0.0

    def _through(self, call: Callable[[], T]) -> T:
        """
        :raises CircuitOpen: the node is not asked now
        """
        with self._lock:
            if self._failed >= FAILURES and self._pause > 0:
                if self._clock() < self._closed_from:
                    raise CircuitOpen("the node has not answered for a while")
                self._closed_from = self._clock() + self._pause
        try:
            answer = call()
        except NodeUnavailable:
            with self._lock:
                self._failed += 1
                self._closed_from = self._clock() + self._pause
                NODE_CIRCUIT_OPEN.set(self._failed >= FAILURES and self._pause > 0)
            raise
        except Exception:
            self._close()
            raise
        self._close()
        return answer

    def _close(self) -> None:
        if self._failed:
            with self._lock:
                self._failed = 0
                NODE_CIRCUIT_OPEN.set(0)

    def chain_id(self) -> int:
        return self._through(self._node.chain_id)

    def block(self, number: int | None = None) -> Block | None:
        return self._through(lambda: self._node.block(number))

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[LogReceipt]:
        return self._through(lambda: self._node.logs(first, last, addresses))

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | None = None
    ) -> bytes:
        return self._through(lambda: self._node.call(to, data, sender, block))

    def gas_limit(self, sender: str, to: str, data: bytes) -> int:
        return self._through(lambda: self._node.gas_limit(sender, to, data))

    def nonce(self, address: str) -> int:
        return self._through(lambda: self._node.nonce(address))

    def nonce_holder(self, address: str, nonce: int) -> tuple[str, int] | None:
        return self._through(lambda: self._node.nonce_holder(address, nonce))

    def priority_fee(self) -> int:
        return self._through(self._node.priority_fee)

    def send(self, raw: bytes) -> None:
        self._through(lambda: self._node.send(raw))

    def receipt(self, transaction_hash: str) -> Receipt | None:
        return self._through(lambda: self._node.receipt(transaction_hash))
