"""A cell on a chain of its own, with accounts in the places of the contracts that use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TREASURER = 6
UNIT = 1_000_000
"""One test dollar."""
EPOCH = 1_000
WITHDRAWAL_DELAY = 2_500
FEE_BPS = 1_000
JUNIOR_PREMIUM_BPS = 4_000
JUNIOR_FLOOR_BPS = 2_000


@dataclass(frozen=True)
class People:
    """Accounts by the part they play."""

    admin: Any
    policy_book: Any
    facility: Any
    ledger: Any
    claims_desk: Any
    treasurer: Any
    ada: Any
    ben: Any
    eve: Any


def ints(values: Any) -> tuple[int, ...]:
    """A call's numbers as plain ints: brownie's own compare with nothing else."""
    return tuple(int(value) for value in values)


def people_of(accounts: Any) -> People:
    return People(*accounts[:9])


def deploy_cell(project: Any, people: People, token: Any) -> Any:
    """A cell whose neighbours are accounts; `project` has the contract containers."""
    admin = {"from": people.admin}
    authority = project.Authority.deploy(people.admin, admin)
    clock = project.IncidentClock.deploy(10, 2_000, admin)
    cell = project.Cell.deploy(
        authority, token, clock,
        people.policy_book, people.facility, people.ledger, people.claims_desk,
        FEE_BPS, JUNIOR_PREMIUM_BPS, JUNIOR_FLOOR_BPS, EPOCH, WITHDRAWAL_DELAY,
        admin,
    )  # fmt: skip
    authority.grantRole(TREASURER, people.treasurer, 0, admin)
    selector = cell.withdrawFees.signature
    authority.setTargetFunctionRole(cell, [selector], TREASURER, admin)
    return cell


def vaults_of(project: Any, cell: Any) -> tuple[Any, Any]:
    """The junior and the senior vault of a cell."""
    return project.CapitalVault.at(cell.junior()), project.CapitalVault.at(cell.senior())


def request_deposit(token: Any, vault: Any, investor: Any, amount: int) -> Any:
    """Mints and requests; the shares wait for an epoch."""
    sender = {"from": investor}
    token.mint(investor, amount, sender)
    token.approve(vault, amount, sender)
    return vault.requestDeposit(amount, investor, investor, sender)


def fund(token: Any, cell: Any, vault: Any, investor: Any, amount: int) -> None:
    """Puts the first capital into an empty tranche: request, epoch, shares."""
    request_deposit(token, vault, investor, amount)
    cell.settleEpoch({"from": investor})
    vault.deposit(amount, investor, {"from": investor})


def pay_premium(token: Any, cell: Any, book: Any, amount: int) -> Any:
    """Premium as a book brings it: transfer first, then the call."""
    token.mint(cell, amount, {"from": book})
    return cell.collectPremium(amount, {"from": book})
