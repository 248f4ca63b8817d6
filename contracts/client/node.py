"""Connects to a node, and finds gas limits; changes with what is asked of every node."""

from __future__ import annotations

from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.eth import Eth
from web3.types import TxParams

from .errors import OutOfGas, typed

GAS_A_CALL, GAS_A_BYTE, MOST_GAS = 2_000_000, 300, 12_000_000
"""More than any call of this system needs, by the size of its calldata (docs/gas.md)."""


def connect(url: str, timeout: float = 10.0, *, retries: bool = True) -> Web3:
    """A client of the node at `url`; a request that takes longer than `timeout` seconds fails.

    Without web3's `validation` step, which asks for the chain's id before every request: what is
    signed here names its chain, and a deployment is checked against the genesis block.
    """
    within = {"timeout": timeout}
    provider = (
        HTTPProvider(url, request_kwargs=within)
        if retries
        else HTTPProvider(url, request_kwargs=within, exception_retry_configuration=None)
    )
    web3 = Web3(provider)
    web3.middleware_onion.remove("validation")
    return web3


def gas_limit(eth: Eth, transaction: TxParams) -> int:
    """A limit for the transaction: a bound by its size, under which it was simulated once.

    What is not used is not paid, and what happens between simulation and block cannot make the call
    run out of gas, as it can with an estimate of the exact need (docs/adr/0005). Estimated where
    the bound is not enough.

    :raises ContractReverted: the call would fail
    :raises ChainError: the node refused, or did not answer
    """
    size = len(HexBytes(transaction.get("data", b"")))
    bound = min(GAS_A_CALL + GAS_A_BYTE * size, MOST_GAS)
    try:
        eth.call({**transaction, "gas": bound})
        return bound
    except Exception as error:
        refusal = typed(error)
        if not isinstance(refusal, OutOfGas):
            raise refusal from error
    try:
        gas = eth.estimate_gas(transaction)
    except Exception as error:
        raise typed(error) from error
    return gas + gas // 5
