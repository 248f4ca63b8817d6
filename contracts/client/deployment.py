"""Deploys the whole system in one fixed order and hands out the roles.

Constructor arguments are found by name: one called after a contract gets its address, one called
after a field of `SystemParameters` gets its value. Guards between contracts are immutable addresses
and some are circular, so every address is computed from the deployer's nonce beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eth_abi.abi import encode as encode_abi
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from rlp import encode as encode_rlp
from web3 import Web3

from .abi import canonical_type, signature_hash
from .artifacts import artifact
from .calls import call_data
from .sender import Sender
from .signatures import keccak256
from .system import CONTRACTS, MADE_BY_THE_CELL, Deployment, SystemParameters

ALIASES = {
    "token": "StableCoin",
    "asset": "StableCoin",
    "coin": "StableCoin",
    "committee": "OracleCommittee",
    "feed": "RiskFeed",
    "incidents": "IncidentRegistry",
    "ledger": "ExposureLedger",
    "models": "ModelRegistry",
    "products": "ProductBook",
    "register": "RiskRegister",
}
"""Short constructor argument names → contract."""

ROLES = {
    "UNDERWRITER": 1,
    "COMMITTEE_ADMIN": 2,
    "ASSESSOR": 3,
    "CLAIMS_HOLD": 4,
    "GUARDIAN": 5,
    "TREASURER": 6,
    "PRODUCT_ADMIN": 7,
}
"""Ids of contracts/access/Roles.sol."""

RESTRICTED: dict[tuple[str, str], str] = {
    ("OracleCommittee", "propose"): "COMMITTEE_ADMIN",
    ("OracleCommittee", "cancel"): "COMMITTEE_ADMIN",
    ("OracleCommittee", "suspend"): "COMMITTEE_ADMIN",
    ("AppealCommittee", "propose"): "COMMITTEE_ADMIN",
    ("AppealCommittee", "cancel"): "COMMITTEE_ADMIN",
    ("AppealCommittee", "suspend"): "COMMITTEE_ADMIN",
    ("ClaimsDesk", "hold"): "CLAIMS_HOLD",
    ("ClaimsDesk", "pause"): "GUARDIAN",
    ("ModelRegistry", "approve"): "PRODUCT_ADMIN",
    ("ModelRegistry", "retire"): "PRODUCT_ADMIN",
    ("ProductBook", "register"): "PRODUCT_ADMIN",
    ("ProductBook", "close"): "PRODUCT_ADMIN",
    ("ExposureLedger", "setCap"): "PRODUCT_ADMIN",
    ("ExposureLedger", "pause"): "GUARDIAN",
    ("Cell", "withdrawFees"): "TREASURER",
    ("Facility", "reserve"): "UNDERWRITER",
    ("Facility", "setCommission"): "TREASURER",
    ("Facility", "setDailyLimit"): "PRODUCT_ADMIN",
    ("Facility", "setSuspended"): "PRODUCT_ADMIN",
    ("RiskRegister", "registerRisk"): "UNDERWRITER",
    ("RiskRegister", "registerDependency"): "UNDERWRITER",
}
"""(contract, function) → the one role that may call it."""


class UnknownArgument(Exception):
    """A constructor argument is named after no contract and no parameter."""

    def __init__(self, contract: str, argument: str) -> None:
        super().__init__(f"{contract}: nothing to give for constructor argument {argument}")
        self.contract, self.argument = contract, argument


@dataclass(frozen=True, slots=True)
class People:
    """Who holds which role at the start; the deployer stays administrator of roles."""

    underwriters: tuple[str, ...]
    committee_admin: str
    assessors: tuple[str, ...]
    claims_hold: str
    guardian: str
    treasurer: str
    product_admin: str

    def grants(self) -> list[tuple[int, str]]:
        """(role id, account) of each."""
        held = {
            "UNDERWRITER": self.underwriters,
            "COMMITTEE_ADMIN": (self.committee_admin,),
            "ASSESSOR": self.assessors,
            "CLAIMS_HOLD": (self.claims_hold,),
            "GUARDIAN": (self.guardian,),
            "TREASURER": (self.treasurer,),
            "PRODUCT_ADMIN": (self.product_admin,),
        }
        return [(ROLES[role], account) for role, accounts in held.items() for account in accounts]


def created_address(deployer: str, nonce: int) -> ChecksumAddress:
    """Where the deployer's transaction with `nonce` puts its contract (CREATE's rule)."""
    return to_checksum_address(keccak256(encode_rlp([bytes.fromhex(deployer[2:]), nonce]))[12:])


def _plain_name(name: str) -> str:
    return name.replace("_", "").lower()


def _arguments(name: str, contract: str, values: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """Types and values of a contract's constructor."""
    inputs = [i for entry in artifact(contract).entries("constructor") for i in entry["inputs"]]
    found = []
    for item in inputs:
        key = _plain_name(item["name"])
        if key not in values:
            raise UnknownArgument(name, item["name"])
        found.append(values[key])
    return [canonical_type(i) for i in inputs], found


def creation_code(name: str, values: Mapping[str, Any]) -> bytes:
    """Bytecode with encoded constructor arguments.

    :raises UnknownArgument: an argument's name is not among `values`
    """
    types, found = _arguments(name, CONTRACTS[name], values)
    return bytes.fromhex(artifact(CONTRACTS[name]).bytecode) + encode_abi(types, found)


def creation_gas(code: bytes) -> int:
    """A bound on what a creation uses: 16 a byte of calldata and 200 a byte of stored code, both
    twice over because the cell makes its vaults, and a million for what constructors do."""
    return 1_000_000 + 2 * (16 + 200) * len(code)


def role_calls(addresses: Mapping[str, str], people: People) -> list[bytes]:
    """Calls to the Authority that name the roles, grant them and bind them to functions."""
    calls = [call_data("Authority", "labelRole", number, name) for name, number in ROLES.items()]
    calls += [call_data("Authority", "grantRole", role, who, 0) for role, who in people.grants()]
    for (name, function), role in RESTRICTED.items():
        entries = artifact(CONTRACTS[name]).entries("function")
        selectors = [signature_hash(e)[:4] for e in entries if e["name"] == function]
        arguments = (addresses[name], selectors, ROLES[role])
        calls.append(call_data("Authority", "setTargetFunctionRole", *arguments))
    return calls


def deploy(web3: Web3, sender: Sender, people: People, parameters: SystemParameters) -> Deployment:
    """Deploys every contract of `CONTRACTS` and sets the roles; the sender administers them.

    :raises UnknownArgument: see `creation_code`
    :raises ChainError: the node or a constructor refused
    """
    first = web3.eth.get_transaction_count(sender.address)
    order = [name for name in CONTRACTS if name not in MADE_BY_THE_CELL]
    addresses = {name: created_address(sender.address, first + i) for i, name in enumerate(order)}
    for name, nonce in MADE_BY_THE_CELL.items():
        addresses[name] = created_address(addresses["Cell"], nonce)
    values: dict[str, Any] = {_plain_name(n): v for n, v in asdict(parameters).items()}
    values |= {_plain_name(name): address for name, address in addresses.items()}
    values |= {alias: addresses[name] for alias, name in ALIASES.items()}
    values["admin"] = sender.address
    block = web3.eth.block_number
    codes = [creation_code(name, values) for name in order]
    made = sender.send_all([{"data": code, "gas": creation_gas(code)} for code in codes])
    for name, receipt in zip(order, made, strict=True):
        if receipt["contractAddress"] != addresses[name]:
            raise RuntimeError(f"{name} is at {receipt['contractAddress']}: nonce used elsewhere")
    roles = call_data("Authority", "multicall", role_calls(addresses, people))
    sender.send({"to": addresses["Authority"], "data": roles})
    genesis = web3.eth.get_block(0)["hash"]
    return Deployment(
        chain_id=web3.eth.chain_id,
        genesis_hash="0x" + bytes(genesis).hex(),
        block=block,
        contracts=addresses,
        parameters=parameters,
    )
