"""Chain time: read, and on a development chain advanced, with each jump on the timeline."""

from __future__ import annotations

import time
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
        """Moves the chain's clock forward and waits for the next block, which has the new time.

        It never asks for a block: Ganache then mines beside its own timer, and a transaction in
        its pool may be executed twice.
        """
        before = self.now()
        if seconds <= 0:
            return before
        self.rpc.call("evm_increaseTime", seconds)
        if why:
            self.timeline.clock(seconds, why)
        while (now := self.now()) < before + seconds:
            time.sleep(0.05)
        return now

    def advance_to(self, timestamp: int, why: str) -> int:
        return self.advance(timestamp - self.now(), why)
