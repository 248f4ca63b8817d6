"""`Live` on a chain that adds one second with each block: histories repeat to the second, and time
is counted instead of asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from eth_abi.abi import decode as decode_abi
from web3.types import TxParams

from contracts.client.abi import decode
from contracts.client.artifacts import artifact
from contracts.client.calls import call_data
from contracts.client.development import person
from contracts.client.errors import ContractReverted, typed
from contracts.client.sender import UnlockedSender
from contracts.client.system import CONTRACTS
from tests.support.live import GAS, Live, Sent

View = tuple[str, str, tuple[Any, ...]]
"""Name in the deployment, function, arguments."""


class Refusal(ContractReverted):
    """A mined transaction that reverted; `reason` asks the node why."""

    def __init__(self, live: SteppedLive, transaction: dict[str, str]) -> None:
        super().__init__("Refused", {"to": transaction["to"]})
        self._live, self._transaction = live, transaction

    def reason(self) -> Exception:
        """What a call of the same transaction answers now."""
        try:
            self._live.web3.eth.call(self._transaction)  # type: ignore[arg-type]
        except Exception as error:
            return typed(error)
        return AssertionError("the call succeeds now")


@cache
def _outputs(name: str, function: str) -> list[dict[str, Any]]:
    entries = artifact(CONTRACTS[name]).entries("function")
    found: list[dict[str, Any]] = next(e["outputs"] for e in entries if e["name"] == function)
    return found


class SteppedLive(Live):
    """Set up as `Live`; after `start` each move takes two requests, and all views together one."""

    _clock: int | None = None
    _bundle: str = ""

    def start(self) -> None:
        """From now on time is counted."""
        sender = UnlockedSender(self.web3, person("deployer").address)
        code = "0x" + artifact("ViewBundle").bytecode
        made = sender.send({"data": code, "gas": GAS})  # type: ignore[typeddict-item]
        self._bundle = str(made["contractAddress"])
        self._clock = self.now

    @property
    def now(self) -> int:
        return super().now if self._clock is None else self._clock

    def wait(self, seconds: int) -> None:
        if self._clock is None:
            super().wait(seconds)
            return
        self._clock += seconds
        self.rpc("evm_mine", {"timestamp": self._clock})

    def send(self, who: str, transaction: TxParams) -> Sent:
        """Without events.

        :raises Refusal: the contract refused, in a block of its own
        """
        if self._clock is None:
            return super().send(who, transaction)
        plain = {
            "from": person(who).address,
            "to": str(transaction["to"]),
            "data": "0x" + bytes(transaction["data"]).hex(),  # type: ignore[arg-type]
            "gas": hex(GAS),
        }
        receipt = self.rpc("eth_getTransactionReceipt", self.rpc("eth_sendTransaction", plain))
        self._clock += 1
        if receipt["status"] != "0x1":
            raise Refusal(self, plain)
        return Sent({"gasUsed": int(receipt["gasUsed"], 16)}, [])  # type: ignore[typeddict-item]

    def views(self, asked: Sequence[View]) -> list[Any]:
        """What many views answer at the latest block: a plain value each, or a dict of several."""
        targets = [self.deployment.contracts[name] for name, _, _ in asked]
        calls = [call_data(CONTRACTS[name], function, *a) for name, function, a in asked]
        selector = call_data("ViewBundle", "read", targets, calls)
        request = {"to": self._bundle, "data": "0x" + selector.hex()}
        answer = self.rpc("eth_call", request, "latest")
        time, answers = decode_abi(["uint256", "bytes[]"], bytes.fromhex(answer[2:]))
        assert time == self.now, f"the chain's clock is at {time}, {self.now} were counted"
        found = []
        for (name, function, _), raw in zip(asked, answers, strict=True):
            values = decode(_outputs(name, function), raw)
            found.append(next(iter(values.values())) if len(values) == 1 else values)
        return found

    # ------------------------------------------------------------------ snapshots

    def keep(self) -> tuple[str, int]:
        """The chain as it stands."""
        return str(self.rpc("evm_snapshot")), self.now

    def back(self, kept: tuple[str, int]) -> None:
        """Returns to a state; it must be kept again to be returned to twice."""
        snapshot, self._clock = kept
        assert self.rpc("evm_revert", snapshot)
