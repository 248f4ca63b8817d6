"""Calls of the demonstration's own people to the contracts, each mined and put on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from web3 import HTTPProvider, Web3
from web3.contract import Contract

from contracts.client.artifacts import artifact
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.errors import ChainError, ContractReverted
from contracts.client.sender import KeySender
from contracts.client.system import CONTRACTS, Deployment, SystemParameters
from scripts.demo.clock import Rpc
from scripts.demo.processes import CallRefused, DemoFailed
from scripts.demo.timeline import Timeline


@dataclass
class System:
    """The deployed contracts, as the people of the demonstration use them."""

    rpc: Rpc
    timeline: Timeline
    deployment: Deployment

    @cached_property
    def web3(self) -> Web3:
        return Web3(HTTPProvider(self.rpc.url))

    def contract(self, name: str) -> Contract:
        address = self.deployment.contracts[name]
        return self.web3.eth.contract(address=address, abi=artifact(CONTRACTS[name]).abi)

    def read(self, name: str, function: str, *arguments: Any) -> Any:
        return self.contract(name).functions[function](*arguments).call()

    def send(self, who: bytes, step: str, name: str, function: str, *arguments: Any) -> None:
        """Sends a call from the key's account, waits for it and shows it."""
        address = self.deployment.contracts[name]
        self.send_to(who, step, address, CONTRACTS[name], function, *arguments)

    def send_to(
        self, who: bytes, step: str, address: str, kind: str, function: str, *arguments: Any
    ) -> None:
        """`send` to a contract that is known by its address, such as a vault of the cell."""
        contract = self.web3.eth.contract(
            address=Web3.to_checksum_address(address), abi=artifact(kind).abi
        )
        self.send_raw(who, step, address, contract.encode_abi(function, args=list(arguments)))

    def send_raw(self, who: bytes, step: str, address: str, data: str) -> None:
        """Sends prepared calldata, as a wallet would."""
        try:
            receipt = KeySender(self.web3, who).send(
                {"to": Web3.to_checksum_address(address), "data": Web3.to_bytes(hexstr=data)}  # type: ignore[arg-type]
            )
        except ContractReverted as error:
            raise CallRefused(step, error.name, str(error)) from error
        except ChainError as error:
            raise DemoFailed(f"{step} was not sent: {error}") from error
        self.show(step, "0x" + bytes(receipt["transactionHash"]).hex())

    def pay(self, who: bytes, to: str, wei: int) -> None:
        """Sends ether for gas."""
        KeySender(self.web3, who).send(
            {"to": Web3.to_checksum_address(to), "value": Web3.to_wei(wei, "wei")}
        )

    def show(self, step: str, transaction_hash: str) -> None:
        receipt = self.rpc.call("eth_getTransactionReceipt", transaction_hash)
        self.timeline.transaction(step, receipt)


def deployed(rpc: Rpc, timeline: Timeline, parameters: SystemParameters) -> System:
    """Deploys every contract from the development chain's deployer."""
    web3 = Web3(HTTPProvider(rpc.url))
    try:
        sender = KeySender(web3, person("deployer").key)
        deployment = deploy(web3, sender, development_people(), parameters)
    except ChainError as error:
        raise DemoFailed(f"deployment failed: {error}") from error
    return System(rpc, timeline, deployment)
