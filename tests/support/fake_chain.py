"""A chain in memory that behaves like a node: pool, nonces, fees, blocks, reorgs, and outages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes
from web3.types import LogReceipt

from backend.chain.node import Block, Receipt
from contracts.client.errors import (
    AlreadyKnown,
    ContractReverted,
    NodeUnavailable,
    NonceTooLow,
    Underpriced,
)
from contracts.client.signatures import keccak256

GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that the chain has taken."""

    hash: str
    sender: str
    nonce: int
    to: str
    data: bytes
    max_fee: int


@dataclass(slots=True)
class MinedBlock:
    header: Block
    transactions: list[Sent]
    logs: list[LogReceipt] = field(default_factory=list)


class FakeChain:
    """The `Node` port over lists. `refusals` maps calldata to the error that calling it raises."""

    def __init__(self, base_fee: int = GWEI) -> None:
        self.base_fee = base_fee
        self.mined = [MinedBlock(self._block(0, "0x" + "00" * 32, 0, "genesis"), [])]
        self.pool: dict[tuple[str, int], Sent] = {}
        self.refusals: dict[bytes, ContractReverted] = {}
        self.reverting: set[bytes] = set()
        self.down = False
        self.lose_receipts = False
        self.forks = 0

    def _block(self, number: int, parent: str, forks: int, seed: str) -> Block:
        hashed = keccak256(f"{number} {parent} {forks} {seed}".encode())
        return Block(number, "0x" + hashed.hex(), parent, 1_700_000_000 + number, self.base_fee)

    # -- what tests do to the chain ---------------------------------------------------------------

    def mine(self, count: int = 1) -> None:
        """Mines blocks; the first takes everything that is next in nonce and pays the base fee."""
        for _ in range(count):
            last = self.mined[-1].header
            header = self._block(last.number + 1, last.hash, self.forks, "block")
            block = MinedBlock(header, [])
            self.mined.append(block)
            for key in sorted(self.pool):
                sent = self.pool[key]
                if sent.nonce == self.nonce(sent.sender) and sent.max_fee >= self.base_fee:
                    block.transactions.append(sent)
                    del self.pool[key]

    def emit(self, *logs: LogReceipt) -> None:
        """Mines a block with these logs."""
        self.mine()
        block = self.mined[-1]
        for index, log in enumerate(logs):
            place: dict[str, Any] = {
                "blockNumber": block.header.number,
                "blockHash": HexBytes(block.header.hash),
                "transactionHash": HexBytes(keccak256(f"{block.header.hash}{index}".encode())),
                "transactionIndex": 0,
                "logIndex": index,
                "removed": False,
            }
            block.logs.append(cast("LogReceipt", {**log, **place}))

    def reorg(self, depth: int) -> list[Sent]:
        """Takes blocks back; their transactions are forgotten, and returned."""
        self.forks += 1
        gone = [sent for block in self.mined[-depth:] for sent in block.transactions]
        del self.mined[-depth:]
        return gone

    def take_nonce(self, key: bytes, nonce: int) -> None:
        """Another program sends something from the same account."""
        self.send(
            Account.sign_transaction(
                {
                    "type": 2, "chainId": 1337, "nonce": nonce, "to": "0x" + "11" * 20,
                    "data": b"other", "value": 0, "gas": 50_000,
                    "maxFeePerGas": 50 * GWEI, "maxPriorityFeePerGas": GWEI,
                },
                key,
            ).raw_transaction
        )  # fmt: skip

    def sent_data(self) -> list[bytes]:
        """Calldata of everything that is mined now, in order."""
        return [sent.data for block in self.mined for sent in block.transactions]

    # -- the port ---------------------------------------------------------------------------------

    def _require_up(self) -> None:
        if self.down:
            raise NodeUnavailable("connection refused")

    def chain_id(self) -> int:
        self._require_up()
        return 1337

    def block(self, number: int | None = None) -> Block | None:
        self._require_up()
        if number is None:
            return self.mined[-1].header
        return self.mined[number].header if number < len(self.mined) else None

    def logs(self, first: int, last: int, addresses: Sequence[str]) -> list[LogReceipt]:
        self._require_up()
        found = [log for block in self.mined[first : last + 1] for log in block.logs]
        return [log for log in found if log["address"] in addresses]

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: int | None = None
    ) -> bytes:
        self._require_up()
        if data in self.refusals:
            raise self.refusals[data]
        return b""

    def gas_limit(self, sender: str, to: str, data: bytes) -> int:
        self.call(to, data, sender)
        return 100_000

    def nonce(self, address: str) -> int:
        self._require_up()
        return sum(s.sender == address for block in self.mined for s in block.transactions)

    def nonce_holder(self, address: str, nonce: int) -> tuple[str, int] | None:
        for block in self.mined:
            for sent in block.transactions:
                if (sent.sender, sent.nonce) == (address, nonce):
                    return sent.hash, block.header.number
        return None

    def priority_fee(self) -> int:
        self._require_up()
        return GWEI

    def send(self, raw: bytes) -> None:
        self._require_up()
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        sender = Account.recover_transaction(raw)
        sent = Sent(
            "0x" + keccak256(raw).hex(), sender, fields["nonce"],
            "0x" + bytes(fields["to"]).hex(), bytes(fields["data"]), fields["maxFeePerGas"],
        )  # fmt: skip
        if sent.nonce < self.nonce(sender):
            raise NonceTooLow("nonce too low")
        waiting = self.pool.get((sender, sent.nonce))
        if waiting is not None and waiting.hash == sent.hash:
            raise AlreadyKnown("already known")
        if waiting is not None and sent.max_fee < waiting.max_fee * 11 // 10:
            raise Underpriced("replacement transaction underpriced")
        self.pool[sender, sent.nonce] = sent

    def receipt(self, transaction_hash: str) -> Receipt | None:
        self._require_up()
        if self.lose_receipts:
            return None
        for block in self.mined:
            for sent in block.transactions:
                if sent.hash == transaction_hash:
                    header = block.header
                    fine = sent.data not in self.reverting
                    return Receipt(sent.hash, header.number, header.hash, fine, 50_000, GWEI)
        return None
