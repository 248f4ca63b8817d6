"""Deploys the oracle contracts for tests, each with what it needs and no more."""

from __future__ import annotations

from typing import Any

from contracts.client.messages import Domain, unpack_scores
from contracts.client.signatures import keccak256
from tests.support.committee import Committee

COMMITTEE_ADMIN = 2
PRODUCT_ADMIN = 7
UNDERWRITER = 1
ROTATION_DELAY = 7 * 86_400
FRAME = 60
MAX_FRAME_AGE = 30
PER_FRAME = 1_000
PER_DAY = 2_500
SLOT = 10
EPOCH = 64 * SLOT
MAX_REPORT_DELAY = 600
CHAIN_ID = 1337
MODEL = keccak256(b"a model")
OTHER_MODEL = keccak256(b"another model")
CONFIG = keccak256(b"configuration")


def domain(contract: Any) -> Domain:
    """EIP-712 domain of a deployed contract on the test chain."""
    return Domain(contract._name, CHAIN_ID, contract.address)


def allow(authority: Any, target: Any, role: int, who: Any, *functions: str) -> None:
    """Binds functions of a contract to a role and grants it; the deployer of `authority` does."""
    admin = {"from": authority.tx.sender}
    selectors = [target.signatures[name] for name in functions]
    authority.setTargetFunctionRole(target, selectors, role, admin)
    authority.grantRole(role, who, 0, admin)


def deploy_committee(
    container: Any, authority: Any, admin: Any, committee: Committee | None = None
) -> Any:
    """An `OracleCommittee`; with `committee`, that one is proposed and in force."""
    contract = container.deploy(authority, ROTATION_DELAY, {"from": admin})
    allow(authority, contract, COMMITTEE_ADMIN, admin, "propose", "cancel", "suspend")
    if committee is not None:
        contract.propose(committee.members(), committee.f, CONFIG, {"from": admin})
    return contract


def reported(transaction: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Effective scores and uncapped medians of a report; brownie shows empty bytes as one zero."""
    event = transaction.events["ScoresReported"]
    effective, uncapped = (bytes(event[field]) for field in ("scores", "uncapped"))
    return unpack_scores(effective), unpack_scores(uncapped) if len(uncapped) > 1 else ()
