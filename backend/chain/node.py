"""A node over JSON-RPC: the few calls that the backend needs, typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import BlockNotFound, TransactionNotFound
from web3.types import LogReceipt, TxParams

from contracts.client.errors import typed
from contracts.client.node import connect, gas_limit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: str
    parent_hash: str
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Receipt:
    transaction_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int
    gas_price: int


class Node(Protocol):
    """What the backend asks of a node. Every method raises `ChainError`s and nothing else."""

    def chain_id(self) -> int: ...
    def block(self, number: int | None = None) -> Block | None:
        """The block of a number, None when there is none; without a number the latest."""
        ...

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[LogReceipt]:
        """Logs of the contracts in the inclusive block range, in chain order."""
        ...

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | None = None
    ) -> bytes:
        """Result of a call at a block, the latest if none is given."""
        ...

    def gas_limit(self, sender: str, to: str, data: bytes) -> int:
        """A limit that is enough for the call now; refusals as in `call`."""
        ...

    def nonce(self, address: str) -> int:
        """Count of the address's mined transactions."""
        ...

    def nonce_holder(self, address: str, nonce: int) -> tuple[str, int] | None:
        """Hash and block number of the mined transaction that used the nonce, None if unused."""
        ...

    def priority_fee(self) -> int: ...
    def send(self, raw: bytes) -> None: ...
    def receipt(self, transaction_hash: str) -> Receipt | None: ...


class Web3Node:
    """A node behind an HTTP address."""

    def __init__(self, url: str, timeout: float) -> None:
        self._eth = connect(url, timeout, retries=False).eth

    def _ask(self, request: Callable[[], T]) -> T:
        try:
            return request()
        except Exception as error:
            raise typed(error) from error

    def chain_id(self) -> int:
        return self._ask(lambda: self._eth.chain_id)

    def block(self, number: int | None = None) -> Block | None:
        def request() -> Block | None:
            try:
                found = self._eth.get_block("latest" if number is None else number)
            except BlockNotFound:
                return None
            return Block(
                found["number"],
                _hex(found["hash"]),
                _hex(found["parentHash"]),
                found["timestamp"],
                found.get("baseFeePerGas", 0),
            )

        return self._ask(request)

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[LogReceipt]:
        wanted = [to_checksum_address(a) for a in addresses]

        def request() -> list[LogReceipt]:
            found = self._eth.get_logs({"fromBlock": first, "toBlock": last, "address": wanted})
            return sorted(found, key=lambda log: (log["blockNumber"], log["logIndex"]))

        return self._ask(request)

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | None = None
    ) -> bytes:
        transaction = _transaction(sender, to, data)
        at = "latest" if block is None else block
        return self._ask(lambda: bytes(self._eth.call(transaction, at)))  # type: ignore[arg-type]

    def gas_limit(self, sender: str, to: str, data: bytes) -> int:
        return gas_limit(self._eth, _transaction(sender, to, data))

    def nonce(self, address: str) -> int:
        owner = to_checksum_address(address)
        return self._ask(lambda: int(self._eth.get_transaction_count(owner, "latest")))

    def nonce_holder(self, address: str, nonce: int) -> tuple[str, int] | None:
        owner = to_checksum_address(address)

        def request() -> tuple[str, int] | None:
            low, high = 0, int(self._eth.block_number)
            if self._eth.get_transaction_count(owner, high) <= nonce:
                return None
            while low < high:
                middle = (low + high) // 2
                if self._eth.get_transaction_count(owner, middle) > nonce:
                    high = middle
                else:
                    low = middle + 1
            for sent in self._eth.get_block(low, full_transactions=True)["transactions"]:
                if not isinstance(sent, bytes) and (sent["from"], sent["nonce"]) == (owner, nonce):
                    return _hex(sent["hash"]), low
            return None

        return self._ask(request)

    def priority_fee(self) -> int:
        return self._ask(lambda: int(self._eth.max_priority_fee))

    def send(self, raw: bytes) -> None:
        self._ask(lambda: self._eth.send_raw_transaction(raw))

    def receipt(self, transaction_hash: str) -> Receipt | None:
        def request() -> Receipt | None:
            try:
                found = self._eth.get_transaction_receipt(HexBytes(transaction_hash))
            except TransactionNotFound:
                return None
            return Receipt(
                _hex(found["transactionHash"]),
                found["blockNumber"],
                _hex(found["blockHash"]),
                found["status"] == 1,
                found["gasUsed"],
                found.get("effectiveGasPrice", 0),
            )

        return self._ask(request)


def _hex(value: Any) -> str:
    return "0x" + bytes(value).hex()


def _transaction(sender: str | None, to: str, data: bytes) -> TxParams:
    transaction: TxParams = {"to": to_checksum_address(to), "data": HexBytes(data)}
    if sender is not None:
        transaction["from"] = to_checksum_address(sender)
    return transaction
