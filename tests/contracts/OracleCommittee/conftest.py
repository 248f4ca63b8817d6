from types import SimpleNamespace

import pytest

from tests.support import oracle
from tests.support.committee import Committee


@pytest.fixture(scope="module")
def admin(accounts):
    return accounts[1]


@pytest.fixture(scope="module")
def contract(Authority, OracleCommittee, accounts, admin):
    """Without any version."""
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    return oracle.deploy_committee(OracleCommittee, authority, admin)


@pytest.fixture(scope="module")
def first(contract, admin):
    """Version 1 of four members, in force since `since`."""
    committee = Committee.of(4, 1)
    transaction = contract.propose(committee.members(), 1, oracle.CONFIG, {"from": admin})
    return SimpleNamespace(members=committee, since=transaction.timestamp, transaction=transaction)


@pytest.fixture
def second(contract, admin, first):
    """Version 2, proposed and not yet in force."""
    committee = Committee.of(7, 2, "b", version=2)
    transaction = contract.propose(committee.members(), 2, oracle.CONFIG, {"from": admin})
    return SimpleNamespace(
        members=committee,
        since=transaction.timestamp + oracle.ROTATION_DELAY,
        transaction=transaction,
    )
