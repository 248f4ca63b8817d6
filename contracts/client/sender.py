"""Sending transactions and waiting for their receipts; refusals come back as typed errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eth_account import Account
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.types import Nonce, TxParams, TxReceipt

from .errors import ChainError, ContractReverted, typed
from .node import gas_limit


class Sender(Protocol):
    """An account that can send transactions."""

    @property
    def address(self) -> ChecksumAddress: ...

    def send(self, transaction: TxParams) -> TxReceipt:
        """Sends and waits for one block.

        :raises ContractReverted: a contract refused
        :raises ChainError: the node refused, or did not answer
        """
        ...

    def send_all(self, transactions: Sequence[TxParams]) -> list[TxReceipt]:
        """Sends several in order and waits for all of them. Each says its `gas`: a call that needs
        an earlier one cannot be estimated before that is mined.

        :raises ContractReverted: a contract refused
        :raises ChainError: the node refused, or did not answer
        """
        ...


def _reason(web3: Web3, transaction: TxParams, hash_: Any = None) -> ChainError:
    """Why a transaction reverted, asked of the node by calling it again."""
    try:
        web3.eth.call(transaction)
    except Exception as error:
        return typed(error)
    return ContractReverted("Unknown", {"transaction": str(hash_)})


def _mined(web3: Web3, transaction: TxParams, hash_: HexBytes) -> TxReceipt:
    receipt = web3.eth.wait_for_transaction_receipt(hash_, timeout=60, poll_latency=0.05)
    if receipt["status"] != 1:
        raise _reason(web3, transaction, "0x" + hash_.hex())
    return receipt


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction that was handed to the node, and its hash."""

    transaction: TxParams
    hash: HexBytes


class KeySender:
    """Signs with a local key, which one process at a time may use: the node is asked for the nonce,
    and what was posted before counts even where the node does not count it yet."""

    def __init__(self, web3: Web3, key: bytes) -> None:
        self._web3 = web3
        self._account = Account.from_key(key)
        self._chain_id = web3.eth.chain_id
        self._next_nonce = 0

    @property
    def address(self) -> ChecksumAddress:
        address: ChecksumAddress = self._account.address
        return address

    def post(self, transaction: TxParams) -> Posted:
        """Sends without waiting; finds `gas` where none is said. Errors as in `send`."""
        eth = self._web3.eth
        filled: TxParams = {"from": self.address, "value": 0, **transaction}  # type: ignore[typeddict-item]
        try:
            if "gas" not in filled:
                filled["gas"] = gas_limit(eth, filled)
            pending = eth.get_transaction_count(self.address, "pending")
            nonce = Nonce(max(pending, self._next_nonce))
            filled |= {
                "nonce": nonce,
                "gasPrice": eth.gas_price,
                "chainId": self._chain_id,
            }
            raw = self._account.sign_transaction(filled).raw_transaction
            hash_ = eth.send_raw_transaction(raw)
            self._next_nonce = nonce + 1
            return Posted(filled, hash_)
        except Exception as error:
            raise typed(error) from error

    def wait(self, posted: Posted) -> TxReceipt:
        """The receipt of what was posted. Errors as in `send`."""
        try:
            return _mined(self._web3, posted.transaction, posted.hash)
        except Exception as error:
            raise typed(error) from error

    def send(self, transaction: TxParams) -> TxReceipt:
        return self.wait(self.post(transaction))

    def send_all(self, transactions: Sequence[TxParams]) -> list[TxReceipt]:
        return [self.send(transaction) for transaction in transactions]


class UnlockedSender:
    """An account that a development node signs for."""

    def __init__(self, web3: Web3, address: ChecksumAddress) -> None:
        self._web3 = web3
        self._address = address

    @property
    def address(self) -> ChecksumAddress:
        return self._address

    def send(self, transaction: TxParams) -> TxReceipt:
        return self.wait(self.post(transaction))

    def send_all(self, transactions: Sequence[TxParams]) -> list[TxReceipt]:
        posted = [self.post(transaction) for transaction in transactions]
        return [self.wait(each) for each in posted]

    def post(self, transaction: TxParams) -> Posted:
        """Sends without waiting; finds `gas` where none is said. Errors as in `send`."""
        filled: TxParams = {"from": self._address, **transaction}
        try:
            if "gas" not in filled:
                filled["gas"] = self._web3.eth.estimate_gas(filled)
            return Posted(filled, self._web3.eth.send_transaction(filled))
        except Web3RPCError as error:
            raise _reason(self._web3, filled) from error
        except Exception as error:
            raise typed(error) from error

    def wait(self, posted: Posted) -> TxReceipt:
        """The receipt of what was posted. Errors as in `send`."""
        try:
            return _mined(self._web3, posted.transaction, posted.hash)
        except Exception as error:
            raise typed(error) from error
