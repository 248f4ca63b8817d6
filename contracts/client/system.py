"""The contracts of one deployment: their names, addresses and parameters, as `deployment.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from .messages import Domain, Message

CONTRACTS = {
    "Authority": "Authority",
    "StableCoin": "StableCoin",
    "OracleCommittee": "OracleCommittee",
    "ModelRegistry": "ModelRegistry",
    "RiskRegister": "RiskRegister",
    "ProductBook": "ProductBook",
    "RateIndex": "RateIndex",
    "RiskFeed": "RiskFeed",
    "IncidentRegistry": "IncidentRegistry",
    "ExposureLedger": "ExposureLedger",
    "Cell": "Cell",
    "JuniorVault": "CapitalVault",
    "SeniorVault": "CapitalVault",
    "PolicyBook": "PolicyBook",
    "Facility": "Facility",
    "CertificateBook": "CertificateBook",
    "BondDesk": "BondDesk",
    "AssessorPanel": "AssessorPanel",
    "ClaimsDesk": "ClaimsDesk",
    "AppealCommittee": "OracleCommittee",
    "AppealBoard": "AppealBoard",
}
"""Name in a deployment → its contract, in the order of deployment."""

MADE_BY_THE_CELL = {"JuniorVault": 1, "SeniorVault": 2}
"""Contracts that the cell's constructor creates → the nonce that it has then."""


@dataclass(frozen=True, slots=True)
class SystemParameters:
    """What a deployment fixes for ever; the defaults suit a demonstration.

    Lengths and delays in seconds, `max_frame_age` in frames, moves in score points, money in token
    units, shares in 1/10,000.
    """

    frame_length: int = 10
    max_frame_age: int = 6
    max_move_per_frame: int = 2_500
    max_move_per_day: int = 10_000
    slot_length: int = 2
    max_report_delay: int = 20
    rotation_delay: int = 600
    default_cap: int = 10_000_000_000_000
    fee_bps: int = 500
    junior_premium_bps: int = 4_000
    junior_floor_bps: int = 1_000
    epoch_length: int = 60
    withdrawal_delay: int = 120
    bond_delay: int = 600
    default_daily_limit: int = 1_000_000_000_000
    daily_instant_ceiling: int = 1_000_000_000_000
    challenge_bond: int = 100_000_000
    appeal_window: int = 60
    pause_length: int = 120
    pause_cool_down: int = 600


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a system lives: one chain, known by its genesis, and an address for each contract."""

    chain_id: int
    genesis_hash: str
    block: int
    contracts: dict[str, ChecksumAddress]
    parameters: SystemParameters

    def domain(self, message: Message | type[Message]) -> Domain:
        """The EIP-712 domain under which `message` is signed here."""
        return Domain(message.contract, self.chain_id, self.contracts[message.contract])

    def write(self, path: Path) -> None:
        """Writes `deployment.json`."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """Reads `deployment.json`."""
        stored = json.loads(path.read_text())
        contracts = {n: to_checksum_address(a) for n, a in stored["contracts"].items()}
        parameters = SystemParameters(**stored["parameters"])
        return cls(
            stored["chain_id"], stored["genesis_hash"], stored["block"], contracts, parameters
        )
