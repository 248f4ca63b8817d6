"""Reads one chain at one pinned block over JSON-RPC; notices an endpoint that changes its story.

Everything is read up to the pinned block; its hash is asked again at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

LOG_RANGE = 2_000
BATCH = 100


class AuditError(Exception):
    """The audit cannot be made; the message says why in one line."""


class EndpointFailed(AuditError):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the chain at {url} did not answer as it should: {reason}")


class EndpointContradictsItself(AuditError):
    def __init__(self, block: int, first: str, then: str) -> None:
        super().__init__(f"block {block} was {first} first and {then} later: the audit is void")


@dataclass(frozen=True)
class Log:
    """One event as the chain gives it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: str
    transaction: str
    index: int


@dataclass(frozen=True)
class Pin:
    number: int
    hash: str
    timestamp: int
    chain_id: int
    genesis: str


class Chain:
    """JSON-RPC reads at a pinned block."""

    def __init__(self, url: str, block: int | None = None) -> None:
        self.url = url
        self._client = httpx.Client(timeout=60)
        self._blocks: dict[int, tuple[str, int]] = {}
        head = self.call(
            "eth_getBlockByNumber", hex(block) if block is not None else "latest", False
        )
        if head is None:
            raise EndpointFailed(url, f"it has no block {block}")
        self.pin = Pin(
            int(head["number"], 16),
            head["hash"],
            int(head["timestamp"], 16),
            int(self.call("eth_chainId"), 16),
            self.call("eth_getBlockByNumber", "0x0", False)["hash"],
        )

    def _post(self, body: Any) -> Any:
        try:
            return self._client.post(self.url, json=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise EndpointFailed(self.url, str(error)) from error

    def call(self, method: str, *params: Any) -> Any:
        answer = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "result" not in answer:
            raise EndpointFailed(self.url, f"{method}: {answer.get('error', answer)}")
        return answer["result"]

    def _many(self, method: str, parameters: Sequence[Sequence[Any]]) -> list[Any]:
        """One result for each parameter list, in order, asked in batches."""
        results: list[Any] = []
        for start in range(0, len(parameters), BATCH):
            part = parameters[start : start + BATCH]
            body = [
                {"jsonrpc": "2.0", "id": i, "method": method, "params": list(p)}
                for i, p in enumerate(part)
            ]
            answers = self._post(body)
            if not isinstance(answers, list) or len(answers) != len(part):
                raise EndpointFailed(self.url, f"a batch of {method} came back incomplete")
            by_id = {a["id"]: a for a in answers}
            for i in range(len(part)):
                if "result" not in by_id[i]:
                    raise EndpointFailed(self.url, f"{method}: {by_id[i].get('error')}")
                results.append(by_id[i]["result"])
        return results

    def logs(self, addresses: Sequence[str], first_block: int = 0) -> Iterator[Log]:
        """All logs of the addresses up to the pinned block, in chain order, range by range."""
        for start in range(first_block, self.pin.number + 1, LOG_RANGE):
            end = min(start + LOG_RANGE - 1, self.pin.number)
            query = {"fromBlock": hex(start), "toBlock": hex(end), "address": list(addresses)}
            found = [self._log(raw) for raw in self.call("eth_getLogs", query)]
            found.sort(key=lambda log: (log.block, log.index))
            self.times([log.block for log in found])
            for log in found:
                known = self._blocks[log.block][0]
                if known != log.block_hash:
                    raise EndpointContradictsItself(log.block, known, log.block_hash)
                yield log

    @staticmethod
    def _log(raw: dict[str, Any]) -> Log:
        return Log(
            raw["address"].lower(),
            tuple(bytes.fromhex(t[2:]) for t in raw["topics"]),
            bytes.fromhex(raw["data"][2:]),
            int(raw["blockNumber"], 16),
            raw["blockHash"],
            raw["transactionHash"],
            int(raw["logIndex"], 16),
        )

    def times(self, blocks: Sequence[int]) -> dict[int, int]:
        """Timestamp of each block, seconds."""
        missing = sorted(set(blocks) - self._blocks.keys())
        for head in self._many("eth_getBlockByNumber", [(hex(b), False) for b in missing]):
            self._blocks[int(head["number"], 16)] = (head["hash"], int(head["timestamp"], 16))
        return {b: self._blocks[b][1] for b in blocks}

    def calldata(self, transactions: Sequence[str]) -> dict[str, tuple[str, str, bytes]]:
        """Sender, receiver and input of each transaction."""
        distinct = list(dict.fromkeys(transactions))
        raw = self._many("eth_getTransactionByHash", [(t,) for t in distinct])
        return {
            t: (r["from"].lower(), (r["to"] or "").lower(), bytes.fromhex(r["input"][2:]))
            for t, r in zip(distinct, raw, strict=True)
        }

    def view(self, address: str, data: bytes) -> bytes:
        """Result of a call at the pinned block."""
        call = {"to": address, "data": "0x" + data.hex()}
        result: str = self.call("eth_call", call, hex(self.pin.number))
        return bytes.fromhex(result[2:])

    def confirm_pin(self) -> None:
        """Asks for the pinned block again. :raises EndpointContradictsItself:"""
        again = self.call("eth_getBlockByNumber", hex(self.pin.number), False)
        found = again["hash"] if again else "missing"
        if found != self.pin.hash:
            raise EndpointContradictsItself(self.pin.number, self.pin.hash, found)
