"""Four members in force and who administers them; for the tests of feed and registry."""

import pytest

from tests.support import oracle
from tests.support.committee import Committee


@pytest.fixture(scope="module")
def committee():
    return Committee.of(4, 1)


@pytest.fixture(scope="module")
def authority(Authority, accounts):
    return Authority.deploy(accounts[0], {"from": accounts[0]})


@pytest.fixture(scope="module")
def oracle_committee(OracleCommittee, authority, accounts, committee):
    return oracle.deploy_committee(OracleCommittee, authority, accounts[0], committee)
