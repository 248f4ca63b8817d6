"""Whatever a node says becomes one typed error."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from contracts.client.errors import (
    AlreadyKnown,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    NodeRefused,
    NodeUnavailable,
    NonceTooHigh,
    NonceTooLow,
    OutOfGas,
    Underpriced,
    reverted,
    typed,
)
from contracts.client.signatures import keccak256

BALANCE = keccak256(b"ERC20InsufficientBalance(address,uint256,uint256)")[:4]
HOLDER = "0x00000000000000000000000000000000000000AA"
DATA = "0x" + (BALANCE + encode(["address", "uint256", "uint256"], [HOLDER, 1, 2])).hex()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("nonce too low: next nonce 5, tx nonce 3", NonceTooLow),
        ("the tx doesn't have the correct nonce. account has nonce of: 3", NonceTooLow),
        ("nonce too high", NonceTooHigh),
        ("replacement transaction underpriced", Underpriced),
        ("already known", AlreadyKnown),
        ("insufficient funds for gas * price + value", InsufficientFunds),
        ("VM Exception while processing transaction: out of gas", OutOfGas),
        ("Exceeds block gas limit", OutOfGas),
        ("something new", NodeRefused),
    ],
)
def test_typed__text_of_a_node__gives_its_type(text: str, kind: type[ChainError]) -> None:
    assert type(typed(Web3RPCError(text))) is kind


def test_typed__no_connection__is_node_unavailable() -> None:
    assert isinstance(typed(ConnectionRefusedError("refused")), NodeUnavailable)


def test_typed__chain_error__stays_itself() -> None:
    error = NonceTooLow("x")
    assert typed(error) is error


def test_typed__custom_error_of_a_call__has_name_and_values() -> None:
    error = typed(ContractCustomError(DATA, data=DATA))
    assert isinstance(error, ContractReverted)
    assert error.name == "ERC20InsufficientBalance"
    assert error.values == {"sender": HOLDER, "balance": 1, "needed": 2}


def test_typed__custom_error_of_a_sent_transaction__has_name_and_values() -> None:
    answer = {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": -32000, "message": "VM Exception", "data": {"result": DATA}},
    }
    error = typed(Web3RPCError("VM Exception", rpc_response=answer))  # type: ignore[arg-type]
    assert isinstance(error, ContractReverted)
    assert error.name == "ERC20InsufficientBalance"


def test_typed__custom_error_under_a_transaction_hash__has_name_and_values() -> None:
    answer = {"0x" + "ab" * 32: {"error": "revert", "reason": DATA, "result": "0x" + "ab" * 32}}
    error = typed(Web3RPCError(repr(answer), rpc_response={"error": {"data": answer}}))  # type: ignore[typeddict-item]
    assert isinstance(error, ContractReverted)
    assert error.name == "ERC20InsufficientBalance"


def test_reverted__unknown_selector__keeps_the_data() -> None:
    error = reverted("0xdeadbeef")
    assert (error.name, error.values) == ("Unknown", {"data": "0xdeadbeef"})


def test_reverted__panic__has_its_code() -> None:
    error = reverted("0x4e487b71" + (17).to_bytes(32, "big").hex())
    assert (error.name, error.values) == ("Panic", {"code": 17})


def test_typed__ganache_puts_the_data_into_a_dict__has_name_and_values() -> None:
    inner = {"hash": None, "programCounter": 1736, "result": DATA, "reason": None}
    error = typed(ContractLogicError("execution reverted: VM Exception", data=inner))
    assert isinstance(error, ContractReverted)
    assert error.name == "ERC20InsufficientBalance"
