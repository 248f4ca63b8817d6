"""A member's own account: one transaction a piece of work, at most once; changes when the way of a
transaction to the chain does.

A transaction is stored before it is sent. One that was sent is never made again: after a restart
its fate is looked up. One that fails or gets stuck is left to the next member in line; its nonce
is taken by the account's next transaction, at a higher fee.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import TxParams

from contracts.client.errors import AlreadyKnown, ChainError, typed
from contracts.client.node import gas_limit
from oracles.attest.hands import Hand, SignerError
from oracles.quorum.chain import Delivered, Undelivered
from oracles.quorum.store import Intent, Store


@dataclass(frozen=True)
class Fees:
    """What a member pays at most, in wei a unit of gas, and how long it waits for a receipt."""

    most: int = 500_000_000_000
    receipt_wait_s: float = 10.0


class Node(Protocol):
    """What the account needs of a node. Methods raise ChainError."""

    def gas_limit(self, to: str, data: str) -> int:
        """Gas that is enough for the call; raises ContractReverted when it would fail."""
        ...

    def nonce(self) -> int:
        """Number of the account's mined transactions."""
        ...

    def price(self) -> int:
        """The price of gas now."""
        ...

    def sign(self, to: str, data: str, gas: int, nonce: int, price: int) -> tuple[bytes, bytes]:
        """The raw transaction and its hash. Raises SignerError."""
        ...

    def send(self, raw: bytes) -> None: ...

    def receipt(self, tx_hash: bytes) -> tuple[bool, int] | None:
        """Whether a mined transaction succeeded, and the gas it used; None while not mined."""
        ...


class Account:
    """Delivers calls to contracts; only one thread uses it."""

    def __init__(self, node: Node, store: Store, fees: Fees) -> None:
        self._node = node
        self._store = store
        self._fees = fees

    def deliver(self, work: str, to: str, data: str) -> Delivered | Undelivered:
        """Makes the call for a piece of work unless it was made already."""
        earlier = self._store.sent(work)
        try:
            if earlier:
                return self._fate(earlier[-1])
            return self._send(work, to, data)
        except (ChainError, SignerError) as error:
            return Undelivered(f"{type(error).__name__}: {error}")

    def _fate(self, intent: Intent) -> Delivered | Undelivered:
        if intent.state == "failed":
            return Undelivered("failed before, left to the next in line")
        receipt = self._node.receipt(intent.hash)
        if receipt is None:
            if self._node.nonce() > intent.nonce:
                self._store.resolve_intent(intent.hash, "failed")
            return Undelivered("sent, not mined yet")
        return self._resolve(intent.hash, receipt)

    def _resolve(self, tx_hash: bytes, receipt: tuple[bool, int]) -> Delivered | Undelivered:
        succeeded, gas_used = receipt
        self._store.resolve_intent(tx_hash, "mined" if succeeded else "failed")
        if succeeded:
            return Delivered(tx_hash, gas_used)
        return Undelivered(f"reverted in transaction 0x{tx_hash.hex()}")

    def _send(self, work: str, to: str, data: str) -> Delivered | Undelivered:
        nonce = self._node.nonce()
        price = self._price(nonce)
        if price > self._fees.most:
            return Undelivered(f"gas price {price} is over the limit {self._fees.most}")
        # Last of all: what another member has sent by now makes it fail here and not on chain.
        gas = self._node.gas_limit(to, data)
        raw, tx_hash = self._node.sign(to, data, gas, nonce, price)
        self._store.add_intent(work, nonce, price, tx_hash)
        try:
            self._node.send(raw)
        except AlreadyKnown:
            pass
        except ChainError:
            self._store.resolve_intent(tx_hash, "failed")
            raise
        return self._wait(tx_hash)

    def _price(self, nonce: int) -> int:
        """The going price, and enough more than a stuck transaction with the same nonce pays."""
        stuck = [i.price for i in self._store.intents("pending") if i.nonce == nonce]
        return max([self._node.price(), *(price * 5 // 4 for price in stuck)])

    def _wait(self, tx_hash: bytes) -> Delivered | Undelivered:
        deadline = time.monotonic() + self._fees.receipt_wait_s
        while (receipt := self._node.receipt(tx_hash)) is None:
            if time.monotonic() > deadline:
                return Undelivered("sent, not mined yet")
            time.sleep(0.05)
        return self._resolve(tx_hash, receipt)


class Web3Node:
    """A JSON-RPC node, as one account's way to the chain."""

    def __init__(self, web3: Web3, hand: Hand, chain_id: int) -> None:
        self._eth = web3.eth
        self._hand = hand
        self._chain_id = chain_id

    @property
    def address(self) -> ChecksumAddress:
        """The account's address."""
        return to_checksum_address(self._hand.signer)

    def gas_limit(self, to: str, data: str) -> int:
        """See Node."""
        call: TxParams = {"from": self.address, "to": to, "data": HexBytes(data)}
        return gas_limit(self._eth, call)

    def nonce(self) -> int:
        """See Node."""
        try:
            return self._eth.get_transaction_count(self.address, "latest")
        except Exception as error:
            raise typed(error) from error

    def price(self) -> int:
        """See Node."""
        try:
            return self._eth.gas_price
        except Exception as error:
            raise typed(error) from error

    def sign(self, to: str, data: str, gas: int, nonce: int, price: int) -> tuple[bytes, bytes]:
        """See Node."""
        return self._hand.sign_transaction(
            {
                "to": to,
                "data": data,
                "gas": gas,
                "nonce": nonce,
                "gasPrice": price,
                "value": 0,
                "chainId": self._chain_id,
            }
        )

    def send(self, raw: bytes) -> None:
        """See Node."""
        try:
            self._eth.send_raw_transaction(raw)
        except Exception as error:
            raise typed(error) from error

    def receipt(self, tx_hash: bytes) -> tuple[bool, int] | None:
        """See Node."""
        try:
            receipt = self._eth.get_transaction_receipt(tx_hash)  # type: ignore[arg-type]
        except TransactionNotFound:
            return None
        except Exception as error:
            raise typed(error) from error
        return receipt["status"] == 1, receipt["gasUsed"]
