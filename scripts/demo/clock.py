"""Chain time: read, and on a development chain advanced, with each jump on the timeline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from scripts.demo.processes import DemoFailed
from scripts.demo.timeline import Timeline


class Rpc:
    """Plain JSON-RPC, for what a typed client has no word for: the clock and receipts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(timeout=30)

    def call(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        try:
            answer = self._client.post(self.url, json=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise DemoFailed(f"the chain at {self.url} does not answer: {error}") from error
        if "error" in answer:
            raise DemoFailed(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer["result"]


@dataclass
class ChainClock:
    rpc: Rpc
    timeline: Timeline

    def now(self) -> int:
        """Timestamp of the latest block, seconds."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def advance(self, seconds: int, why: str) -> int:
        """Moves the chain's clock forward and mines one block; returns the new chain time."""
        if seconds <= 0:
            return self.now()
        self.rpc.call("evm_increaseTime", seconds)
        self.rpc.call("evm_mine")
        if why:
            self.timeline.clock(seconds, why)
        return self.now()

    def advance_to(self, timestamp: int, why: str) -> int:
        return self.advance(timestamp - self.now(), why)


@contextmanager
def quick_mining(url: str) -> Iterator[None]:
    """Mines several blocks a second while the block runs, so that set-up need not wait."""
    stop = threading.Event()
    rpc = Rpc(url)

    def mine() -> None:
        while not stop.wait(0.1):
            rpc.call("evm_mine")

    miner = threading.Thread(target=mine, daemon=True)
    miner.start()
    try:
        yield
    finally:
        stop.set()
        miner.join()
