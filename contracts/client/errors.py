"""What a node answers when it refuses, as typed exceptions: one table for all of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from web3.exceptions import ContractLogicError, ProviderConnectionError, TimeExhausted, Web3RPCError

from .abi import decode, signature_hash
from .artifacts import artifact, is_compiled
from .system import CONTRACTS


class ChainError(Exception):
    """Base of everything that can go wrong between the project and a chain."""


class ContractReverted(ChainError):
    """A contract refused: the custom error's name and values (`Panic` and `Error` included)."""

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        super().__init__(f"{name}({', '.join(f'{k}={v}' for k, v in values.items())})")
        self.name, self.values = name, values


class NodeUnavailable(ChainError):
    """No answer from the node; the same request may succeed later."""


class NonceTooLow(ChainError):
    """Another transaction of this account already took the nonce."""


class NonceTooHigh(ChainError):
    """A transaction with a lower nonce is missing."""


class Underpriced(ChainError):
    """The fee is too low, or not enough above the transaction that it would replace."""


class AlreadyKnown(ChainError):
    """The node already has this very transaction."""


class InsufficientFunds(ChainError):
    """The account cannot pay for gas and value."""


class OutOfGas(ChainError):
    """The transaction needs more gas than it was given or than a block holds."""


class NodeRefused(ChainError):
    """An answer that none of the other types describes."""


NODE_TEXTS: list[tuple[re.Pattern[str], type[ChainError]]] = [
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in [
        (r"nonce too low|correct nonce|nonce.*already been used", NonceTooLow),
        (r"nonce too high|nonce gap", NonceTooHigh),
        (r"underpriced|fee too low|maxFeePerGas .*less than|below the base fee", Underpriced),
        (r"already known|known transaction|already imported", AlreadyKnown),
        (r"insufficient funds|enough funds", InsufficientFunds),
        (r"out of gas|intrinsic gas|exceeds block gas limit|gas limit reached", OutOfGas),
        (r"connection (refused|reset|aborted)|timed? ?out|disconnected", NodeUnavailable),
    ]
]
"""First match wins; texts of Ganache, geth, Anvil and Besu."""

BUILT_IN = {
    "08c379a0": {"name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
    "4e487b71": {"name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
}


@cache
def error_table() -> dict[str, dict[str, Any]]:
    """Selector (hex) → ABI entry of every custom error of the compiled contracts."""
    table: dict[str, dict[str, Any]] = dict(BUILT_IN)
    for name in {*CONTRACTS.values()}:
        if is_compiled(name):
            for entry in artifact(name).entries("error"):
                table[signature_hash(entry)[:4].hex()] = entry
    return table


def reverted(data: str) -> ContractReverted:
    """The error in a revert's data, 0x-hex; data of no known error is named `Unknown`."""
    raw = data.removeprefix("0x")
    entry = error_table().get(raw[:8])
    if entry is None:
        return ContractReverted("Unknown", {"data": data})
    return ContractReverted(entry["name"], decode(entry["inputs"], bytes.fromhex(raw[8:])))


def _hex_strings(value: Any) -> Iterator[str]:
    """Every 0x-hex text in a node's answer."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _hex_strings(inner)
    elif isinstance(value, str) and value.startswith("0x"):
        yield value


def _revert_data(error: BaseException) -> str | None:
    """Revert data (a selector and whole words) wherever web3 or the node put it."""
    response = getattr(error, "rpc_response", None) or {}
    answer = response.get("error", {}).get("data") if isinstance(response, dict) else None
    found = [*_hex_strings(getattr(error, "data", None)), *_hex_strings(answer)]
    found += [text for argument in error.args for text in _hex_strings(argument)]
    return next((text for text in found if len(text) >= 10 and (len(text) - 10) % 64 == 0), None)


def typed(error: BaseException) -> ChainError:
    """The project's exception for whatever a chain request raised."""
    if isinstance(error, ChainError):
        return error
    data = _revert_data(error)
    if data is not None:
        return reverted(data)
    text = str(error)
    if isinstance(error, ContractLogicError):
        return ContractReverted("Unknown", {"message": text})
    if isinstance(error, Web3RPCError | ValueError):
        kind = next((k for p, k in NODE_TEXTS if p.search(text)), NodeRefused)
        return kind(text)
    if isinstance(error, ProviderConnectionError | TimeExhausted | OSError | TimeoutError):
        return NodeUnavailable(f"the node does not answer ({type(error).__name__})")
    return NodeRefused(f"{type(error).__name__}: {text}")
