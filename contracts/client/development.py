"""The accounts of a local Ganache chain, with names.

They come from Ganache's published development mnemonic (`--wallet.deterministic`): everybody knows
the keys, so they are worth nothing outside a local chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_account import Account
from eth_typing import ChecksumAddress

from .deployment import People

MNEMONIC = "myth like bonus scare over problem client lizard pioneer submit female collect"

NAMES = (
    "deployer",
    "underwriter",
    "committee_admin",
    "assessor_a",
    "assessor_b",
    "claims_hold",
    "guardian",
    "treasurer",
    "product_admin",
    "platform",
    "applicant",
    "holder",
    "lender_junior",
    "lender_senior",
    "relayer",
    "assessor_c",
    "assessor_d",
    "stranger",
)
"""Who uses the account of each index, from 0."""


@dataclass(frozen=True, slots=True)
class Person:
    """A named development account."""

    name: str
    address: ChecksumAddress
    key: bytes


@cache
def person(name: str) -> Person:
    """
    :raises ValueError: no account has that name
    """
    Account.enable_unaudited_hdwallet_features()
    path = f"m/44'/60'/0'/0/{NAMES.index(name)}"
    account = Account.from_mnemonic(MNEMONIC, account_path=path)
    return Person(name, account.address, bytes(account.key))


def development_people() -> People:
    """The holders of roles on a local chain."""
    return People(
        underwriters=(person("underwriter").address,),
        committee_admin=person("committee_admin").address,
        assessors=tuple(person(f"assessor_{letter}").address for letter in "abcd"),
        claims_hold=person("claims_hold").address,
        guardian=person("guardian").address,
        treasurer=person("treasurer").address,
        product_admin=person("product_admin").address,
    )
