"""A cell and its two vaults, without capital and with; for the tests of both contracts."""

import brownie
import pytest

from tests.support import capital


@pytest.fixture(scope="module")
def people(accounts):
    return capital.people_of(accounts)


@pytest.fixture(scope="module")
def token(RefusingCoin, people):
    return RefusingCoin.deploy({"from": people.admin})


@pytest.fixture(scope="module")
def cell(people, token):
    return capital.deploy_cell(brownie.project.get_loaded_projects()[0], people, token)


@pytest.fixture(scope="module")
def vaults(cell):
    return capital.vaults_of(brownie.project.get_loaded_projects()[0], cell)


@pytest.fixture(scope="module")
def junior(vaults):
    return vaults[0]


@pytest.fixture(scope="module")
def senior(vaults):
    return vaults[1]


@pytest.fixture(scope="module")
def funded(token, cell, junior, senior, people):
    """1,000 dollars of junior capital by Ada, 3,000 of senior by Ben."""
    capital.request_deposit(token, junior, people.ada, 1_000 * capital.UNIT)
    capital.request_deposit(token, senior, people.ben, 3_000 * capital.UNIT)
    cell.settleEpoch({"from": people.eve})
    junior.deposit(1_000 * capital.UNIT, people.ada, {"from": people.ada})
    senior.deposit(3_000 * capital.UNIT, people.ben, {"from": people.ben})
    return cell
