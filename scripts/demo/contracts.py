"""Calls of the demonstration's own people to the contracts, each mined and put on the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.types import TxParams, TxReceipt

from contracts.client.artifacts import artifact
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.errors import ChainError, ContractReverted
from contracts.client.node import connect
from contracts.client.sender import KeySender
from contracts.client.system import CONTRACTS, Deployment, SystemParameters
from scripts.demo.clock import Rpc
from scripts.demo.processes import CallRefused, DemoFailed
from scripts.demo.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Step:
    """Prepared calldata, the key that signs it, and what the timeline calls it."""

    who: bytes
    text: str
    address: str
    data: str
    wei: int = 0

    @property
    def transaction(self) -> TxParams:
        to = Web3.to_checksum_address(self.address)
        return {"to": to, "data": HexBytes(self.data), "value": Web3.to_wei(self.wei, "wei")}


@contextmanager
def mining_paused(rpc: Rpc) -> Iterator[None]:
    """Lets the development chain's pool fill up: Ganache forgets a transaction that comes while it
    mines an earlier one of the same account."""
    rpc.call("miner_stop")
    try:
        yield
    finally:
        rpc.call("miner_start")


class PipelinedSender(KeySender):
    """Hands several transactions over at once, to a development chain that can be paused."""

    def __init__(self, rpc: Rpc, web3: Web3, key: bytes) -> None:
        super().__init__(web3, key)
        self._rpc = rpc

    def send_all(self, transactions: Sequence[TxParams]) -> list[TxReceipt]:
        with mining_paused(self._rpc):
            posted = [self.post(transaction) for transaction in transactions]
        return [self.wait(one) for one in posted]


@contextmanager
def refusals(step: Step) -> Iterator[None]:
    """Turns what a node or a contract answers into the demonstration's own errors."""
    try:
        yield
    except ContractReverted as error:
        raise CallRefused(step.text, error.name, str(error)) from error
    except ChainError as error:
        raise DemoFailed(f"{step.text} was not sent: {error}") from error


@dataclass
class System:
    """The deployed contracts, as the people of the demonstration use them."""

    rpc: Rpc
    timeline: Timeline
    deployment: Deployment

    @cached_property
    def web3(self) -> Web3:
        return connect(self.rpc.url)

    def contract(self, name: str) -> Contract:
        address = self.deployment.contracts[name]
        return self.web3.eth.contract(address=address, abi=artifact(CONTRACTS[name]).abi)

    def read(self, name: str, function: str, *arguments: Any) -> Any:
        return self.contract(name).functions[function](*arguments).call()

    def step(self, who: bytes, text: str, name: str, function: str, *arguments: Any) -> Step:
        """A call of a deployed contract from the key's account."""
        address = self.deployment.contracts[name]
        return self.step_at(who, text, address, CONTRACTS[name], function, *arguments)

    def step_at(
        self, who: bytes, text: str, address: str, kind: str, function: str, *arguments: Any
    ) -> Step:
        """A call of a contract that is known by its address, such as a vault of the cell."""
        contract = self.web3.eth.contract(
            address=Web3.to_checksum_address(address), abi=artifact(kind).abi
        )
        return Step(who, text, address, contract.encode_abi(function, args=list(arguments)))

    def send(self, who: bytes, text: str, name: str, function: str, *arguments: Any) -> None:
        """Sends one call, waits for it and shows it."""
        self.send_all([self.step(who, text, name, function, *arguments)])

    def send_all(self, steps: Sequence[Step]) -> None:
        """Sends calls of which none needs another to be mined, then waits for all and shows them.

        :raises CallRefused: a contract refused one
        """
        posted = []
        senders = {step.who: KeySender(self.web3, step.who) for step in steps}
        with mining_paused(self.rpc):
            for step in steps:
                sender = senders[step.who]
                with refusals(step):
                    posted.append((step, sender, sender.post(step.transaction)))
        for step, sender, sent in posted:
            with refusals(step):
                sender.wait(sent)
            self.show(step.text, "0x" + sent.hash.hex())

    def show(self, step: str, transaction_hash: str) -> None:
        receipt = self.rpc.call("eth_getTransactionReceipt", transaction_hash)
        self.timeline.transaction(step, receipt)


def deployed(rpc: Rpc, timeline: Timeline, parameters: SystemParameters) -> System:
    """Deploys every contract from the development chain's deployer."""
    web3 = connect(rpc.url)
    try:
        sender = PipelinedSender(rpc, web3, person("deployer").key)
        deployment = deploy(web3, sender, development_people(), parameters)
    except ChainError as error:
        raise DemoFailed(f"deployment failed: {error}") from error
    return System(rpc, timeline, deployment)
