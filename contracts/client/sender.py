"""Sending transactions and waiting for their receipts; refusals come back as typed errors."""

from __future__ import annotations

from typing import Any, Protocol

from eth_account import Account
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.types import TxParams, TxReceipt

from .errors import ChainError, ContractReverted, typed


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


class KeySender:
    """Signs with a local key, which one process at a time may use: the nonce is asked each time."""

    def __init__(self, web3: Web3, key: bytes) -> None:
        self._web3 = web3
        self._account = Account.from_key(key)
        self._chain_id = web3.eth.chain_id

    @property
    def address(self) -> ChecksumAddress:
        address: ChecksumAddress = self._account.address
        return address

    def send(self, transaction: TxParams) -> TxReceipt:
        eth = self._web3.eth
        filled: TxParams = {"from": self.address, "value": 0, **transaction}  # type: ignore[typeddict-item]
        try:
            if "gas" not in filled:
                gas = eth.estimate_gas(filled)
                filled["gas"] = gas + gas // 5
            filled |= {
                "nonce": eth.get_transaction_count(self.address, "pending"),
                "gasPrice": eth.gas_price,
                "chainId": self._chain_id,
            }
            hash_ = eth.send_raw_transaction(self._account.sign_transaction(filled).raw_transaction)
            return _mined(self._web3, filled, hash_)
        except Exception as error:
            raise typed(error) from error


class UnlockedSender:
    """An account that a development node signs for."""

    def __init__(self, web3: Web3, address: ChecksumAddress) -> None:
        self._web3 = web3
        self._address = address

    @property
    def address(self) -> ChecksumAddress:
        return self._address

    def send(self, transaction: TxParams) -> TxReceipt:
        filled: TxParams = {"from": self._address, **transaction}
        try:
            if "gas" not in filled:
                filled["gas"] = self._web3.eth.estimate_gas(filled)
            return _mined(self._web3, filled, self._web3.eth.send_transaction(filled))
        except Web3RPCError as error:
            raise _reason(self._web3, filled) from error
        except Exception as error:
            raise typed(error) from error
