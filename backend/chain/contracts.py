"""Calls of the deployed contracts by name: calldata out, decoded results in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import encode

from contracts.client.abi import canonical_type, decode, signature_hash
from contracts.client.artifacts import artifact
from contracts.client.system import CONTRACTS, Deployment

from .node import Node


@cache
def _function(contract: str, name: str) -> tuple[bytes, list[str], list[dict[str, Any]]]:
    """Selector, argument types and outputs of a function that is not overloaded."""
    entries = artifact(CONTRACTS[contract]).entries("function")
    entry = next(e for e in entries if e["name"] == name)
    return signature_hash(entry)[:4], [canonical_type(i) for i in entry["inputs"]], entry["outputs"]


def call_data(contract: str, function: str, *arguments: Any) -> bytes:
    """Selector and ABI-encoded arguments; structs are tuples, bytes are bytes."""
    selector, types, _ = _function(contract, function)
    return selector + encode(types, arguments)


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts of one deployment behind one node."""

    node: Node
    deployment: Deployment

    def address(self, contract: str) -> str:
        return self.deployment.contracts[contract]

    def view(self, contract: str, function: str, *arguments: Any, sender: str | None = None) -> Any:
        """A function's result at the latest block: the value, or a list of several.

        :raises ContractReverted: with the custom error's name and values
        """
        return self.view_at(self.address(contract), contract, function, *arguments, sender=sender)

    def view_at(
        self, address: str, contract: str, function: str, *arguments: Any, sender: str | None = None
    ) -> Any:
        """The same of a contract of this kind at another address, such as a product's cell."""
        outputs = _function(contract, function)[2]
        raw = self.node.call(address, call_data(contract, function, *arguments), sender)
        values = _values(decode(outputs, raw), outputs)
        return values[0] if len(values) == 1 else values


def _values(decoded: dict[str, Any], outputs: Sequence[dict[str, Any]]) -> list[Any]:
    return [decoded[o["name"] or str(i)] for i, o in enumerate(outputs)]
