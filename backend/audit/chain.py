"""Reads one chain at one pinned block over JSON-RPC; notices an endpoint that changes its story.

Everything is read up to the pinned block; its hash is asked again at the end. With a file to
remember answers in, a reading that was interrupted goes on where it stopped, at the same block.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

LOG_RANGE = 2_000
BATCH = 100
CALLDATA_BATCH = 8
TOO_MANY = ("limit", "too many", "more than", "range")


class AuditError(Exception):
    """The audit cannot be made; the message says why in one line."""


class EndpointFailed(AuditError):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the chain at {url} did not answer as it should: {reason}")


class EndpointContradictsItself(AuditError):
    def __init__(self, what: str, first: str, then: str) -> None:
        super().__init__(f"{what} was {first} first and {then} later: the audit is void")


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


class Memory:
    """Answers that cannot change, kept in a file until the audit that asked for them has ended."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._keeps = path is not None
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS answers (request TEXT PRIMARY KEY, answer TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS pin (url TEXT, pin TEXT NOT NULL, done INTEGER NOT NULL);"
        )

    def pin(self) -> Pin | None:
        """Where a reading that did not end was pinned."""
        row = self._db.execute("SELECT pin FROM pin WHERE done = 0").fetchone()
        return Pin(**json.loads(row[0])) if row else None

    def begin(self, url: str, pin: Pin) -> None:
        """Forgets what was read before."""
        self._db.executescript("BEGIN; DELETE FROM answers; DELETE FROM pin; COMMIT;")
        self._db.execute("INSERT INTO pin VALUES (?, ?, 0)", (url, json.dumps(asdict(pin))))

    def end(self) -> None:
        """The audit ended: the next one begins afresh. Its reports may still read what is kept."""
        self._db.execute("UPDATE pin SET done = 1")

    def get(self, request: str) -> Any:
        """A kept answer, or None."""
        if not self._keeps:
            return None
        row = self._db.execute("SELECT answer FROM answers WHERE request = ?", (request,))
        found = row.fetchone()
        return json.loads(found[0]) if found else None

    def put(self, answers: Mapping[str, Any]) -> None:
        """Keeps answers, in one transaction."""
        if not self._keeps:
            return
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)",
            [(request, json.dumps(answer)) for request, answer in answers.items()],
        )
        self._db.execute("COMMIT")


class Chain:
    """JSON-RPC reads at a pinned block.

    :param block: number of the block to pin; None takes the newest, or that of a reading that
        `memory` says did not end
    :param memory: file in which answers are kept
    :param transport: how requests travel; None is over the network
    """

    def __init__(
        self,
        url: str,
        block: int | None = None,
        memory: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url
        self._client = httpx.Client(timeout=60, transport=transport)
        self._blocks: dict[int, tuple[str, int]] = {}
        self._memory = Memory(memory)
        before = self._memory.pin()
        resumed = before is not None and block in (None, before.number)
        if before is not None and resumed:
            block = before.number
        self.pin = self._pin(block)
        if before is not None and resumed:
            if self.pin != before:
                raise EndpointContradictsItself(f"block {block}", before.hash, self.pin.hash)
        else:
            self._memory.begin(url, self.pin)
        self.resumed = resumed

    def _pin(self, block: int | None) -> Pin:
        number = hex(block) if block is not None else "latest"
        head = self.call("eth_getBlockByNumber", number, False)
        if head is None:
            raise EndpointFailed(self.url, f"it has no block {block}")
        return Pin(
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
        """One request, never remembered. Raises EndpointFailed."""
        answer = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "result" not in answer:
            raise EndpointFailed(self.url, f"{method}: {answer.get('error', answer)}")
        return answer["result"]

    def _kept(self, method: str, *params: Any) -> Any:
        """One request whose answer cannot change."""
        request = json.dumps([method, *params])
        known = self._memory.get(request)
        if known is None:
            known = self.call(method, *params)
            self._memory.put({request: known})
        return known

    def many(
        self, method: str, parameters: Sequence[Sequence[Any]], batch: int = BATCH
    ) -> Iterator[Any]:
        """One result for each parameter list, in order, asked in batches."""
        for start in range(0, len(parameters), batch):
            yield from self._batch(method, parameters[start : start + batch])

    def _batch(self, method: str, parameters: Sequence[Sequence[Any]]) -> list[Any]:
        requests = [json.dumps([method, *p]) for p in parameters]
        results = [self._memory.get(request) for request in requests]
        open_ = [i for i, known in enumerate(results) if known is None]
        if not open_:
            return results
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": list(parameters[i])}
            for i in open_
        ]
        answers = self._post(body)
        if not isinstance(answers, list) or len(answers) != len(open_):
            raise EndpointFailed(self.url, f"a batch of {method} came back incomplete")
        by_id = {answer.get("id"): answer for answer in answers}
        for i in open_:
            answer = by_id.get(i, {})
            if "result" not in answer:
                raise EndpointFailed(self.url, f"{method}: {answer.get('error')}")
            results[i] = answer["result"]
        self._memory.put({requests[i]: results[i] for i in open_ if results[i] is not None})
        return results

    def logs(self, addresses: Sequence[str], first_block: int = 0) -> Iterator[Log]:
        """All logs of the addresses up to the pinned block, in chain order, range by range; a range
        that is too large for the endpoint is halved."""
        start, width = first_block, LOG_RANGE
        while start <= self.pin.number:
            end = min(start + width - 1, self.pin.number)
            query = {"fromBlock": hex(start), "toBlock": hex(end), "address": list(addresses)}
            try:
                raw = self._kept("eth_getLogs", query)
            except EndpointFailed as error:
                if width == 1 or not any(word in str(error) for word in TOO_MANY):
                    raise
                width //= 2
                continue
            yield from self._checked([self._log(one) for one in raw], start, end)
            start = end + 1

    def _checked(self, found: list[Log], start: int, end: int) -> Iterator[Log]:
        found.sort(key=lambda log: (log.block, log.index))
        self.times([log.block for log in found])
        for log in found:
            if not start <= log.block <= end:
                raise EndpointFailed(self.url, f"a log of block {log.block} came unasked")
            known = self._blocks[log.block][0]
            if known != log.block_hash:
                raise EndpointContradictsItself(f"block {log.block}", known, log.block_hash)
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
        for head in self.many("eth_getBlockByNumber", [(hex(b), False) for b in missing]):
            if head is None:
                raise EndpointFailed(self.url, "a block that it gave logs of is missing")
            self._blocks[int(head["number"], 16)] = (head["hash"], int(head["timestamp"], 16))
        return {b: self._blocks[b][1] for b in blocks}

    def transactions(self, hashes: Sequence[str]) -> Iterator[tuple[str, str, str, bytes]]:
        """Hash, sender, receiver and input of each transaction, which must lie in a block whose
        hash is the one known."""
        found = self.many("eth_getTransactionByHash", [(h,) for h in hashes], CALLDATA_BATCH)
        for name, raw in zip(hashes, found, strict=True):
            if raw is None or raw["hash"] != name:
                raise EndpointFailed(
                    self.url, f"transaction {name}, whose logs it gave, is missing"
                )
            block = int(raw["blockNumber"], 16)
            known = self._blocks.get(block, (raw["blockHash"], 0))[0]
            if raw["blockHash"] != known:
                raise EndpointContradictsItself(f"block {block}", known, raw["blockHash"])
            input_ = bytes.fromhex(raw["input"][2:])
            yield name, raw["from"].lower(), (raw["to"] or "").lower(), input_

    def view(self, address: str, data: bytes, block: int | None = None) -> bytes:
        """Result of a call at the pinned block, or at an earlier one."""
        (answer,) = self.views([(address, data)], block)
        return answer

    def views(self, calls: Sequence[tuple[str, bytes]], block: int | None = None) -> list[bytes]:
        """Results of calls at the pinned block, or at an earlier one."""
        at = hex(self.pin.number if block is None else block)
        asked = [({"to": address, "data": "0x" + data.hex()}, at) for address, data in calls]
        return [bytes.fromhex(answer[2:]) for answer in self.many("eth_call", asked)]

    def confirm_pin(self) -> None:
        """Asks for the pinned block again and ends the reading.

        :raises EndpointContradictsItself:
        """
        again = self.call("eth_getBlockByNumber", hex(self.pin.number), False)
        found = again["hash"] if again else "missing"
        if found != self.pin.hash:
            raise EndpointContradictsItself(f"block {self.pin.number}", self.pin.hash, found)
        self._memory.end()


class Calldata(Mapping[str, tuple[str, str, bytes]]):
    """Sender, receiver and input by transaction, read when needed; few are held at a time."""

    def __init__(self, chain: Chain, order: Sequence[str]) -> None:
        self._chain = chain
        self._order = list(dict.fromkeys(order))
        self._place = {name: i for i, name in enumerate(self._order)}
        self._held: dict[str, tuple[str, str, bytes]] = {}

    def __getitem__(self, name: str) -> tuple[str, str, bytes]:
        if name not in self._held:
            start = self._place[name]
            following = self._order[start : start + CALLDATA_BATCH]
            if len(self._held) > 8 * CALLDATA_BATCH:
                self.forget()
            for one, sender, receiver, input_ in self._chain.transactions(following):
                self._held[one] = (sender, receiver, input_)
        return self._held[name]

    def forget(self) -> None:
        """Lets go of what is held; it is read again when needed."""
        self._held.clear()

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)
