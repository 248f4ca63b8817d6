"""Views of the deployed contracts by name, through the node port."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from contracts.client.abi import decode
from contracts.client.artifacts import artifact
from contracts.client.calls import call_data
from contracts.client.system import CONTRACTS, Deployment

from .node import Node


@cache
def _outputs(contract: str, function: str) -> list[dict[str, Any]]:
    entries = artifact(CONTRACTS[contract]).entries("function")
    found: list[dict[str, Any]] = next(e for e in entries if e["name"] == function)["outputs"]
    return found


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts of one deployment behind one node."""

    node: Node
    deployment: Deployment

    def address(self, contract: str) -> str:
        return self.deployment.contracts[contract]

    def data(self, contract: str, function: str, *arguments: Any) -> bytes:
        """Selector and ABI-encoded arguments; structs are tuples, bytes are bytes."""
        return call_data(CONTRACTS[contract], function, *arguments)

    def view(
        self,
        contract: str,
        function: str,
        *arguments: Any,
        sender: str | None = None,
        block: int | None = None,
    ) -> Any:
        """A function's result at a block, the latest if none is given: the value, or a list.

        :raises ContractReverted: with the custom error's name and values
        :raises ChainError: the node refused or does not answer
        """
        data = self.data(contract, function, *arguments)
        raw = self.node.call(self.address(contract), data, sender, block)
        values = list(decode(_outputs(contract, function), raw).values())
        return values[0] if len(values) == 1 else values
