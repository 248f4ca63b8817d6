"""Reading and calling the contracts of a deployment by name, with plain Python values."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import encode
from web3 import Web3
from web3.types import TxParams

from .abi import canonical_type, decode, signature_hash
from .artifacts import artifact
from .errors import typed
from .system import CONTRACTS, Deployment


@cache
def _function(contract: str, name: str) -> tuple[bytes, list[str], list[dict[str, Any]]]:
    """Selector, argument types and outputs of a function that is not overloaded."""
    entries = artifact(contract).entries("function")
    entry = next(e for e in entries if e["name"] == name)
    types = [canonical_type(i) for i in entry["inputs"]]
    return signature_hash(entry)[:4], types, entry["outputs"]


def call_data(contract: str, function: str, *arguments: Any) -> bytes:
    """Selector and ABI-encoded arguments; structs are tuples.

    :param contract: name of the artifact
    """
    selector, types, _ = _function(contract, function)
    return selector + encode(types, arguments)


class System:
    """The contracts of one deployment behind one node."""

    def __init__(self, web3: Web3, deployment: Deployment) -> None:
        self.web3 = web3
        self.deployment = deployment

    def transaction(self, name: str, function: str, *arguments: Any) -> TxParams:
        """A call to be sent.

        :param name: of the contract in the deployment
        """
        data = call_data(CONTRACTS[name], function, *arguments)
        return {"to": self.deployment.contracts[name], "data": data}

    def read(self, name: str, function: str, *arguments: Any) -> Any:
        """What a view answers at the latest block: one plain value, or a dict of several.

        :raises ContractReverted: the contract refused
        :raises ChainError: the node refused, or did not answer
        """
        try:
            answer = self.web3.eth.call(self.transaction(name, function, *arguments))
        except Exception as error:
            raise typed(error) from error
        _, _, outputs = _function(CONTRACTS[name], function)
        values = decode(outputs, bytes(answer))
        return next(iter(values.values())) if len(values) == 1 else values
