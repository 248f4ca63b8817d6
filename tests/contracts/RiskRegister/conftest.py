import pytest

from tests.support import oracle


@pytest.fixture(scope="module")
def underwriter(accounts):
    return accounts[1]


@pytest.fixture(scope="module")
def ledger(CoverNeighbours, accounts):
    """Remembers what the register tells the ledger."""
    return CoverNeighbours.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def register(Authority, RiskRegister, ledger, accounts, underwriter):
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    register = RiskRegister.deploy(authority, ledger, {"from": accounts[0]})
    functions = ("registerRisk", "registerDependency")
    oracle.allow(authority, register, oracle.UNDERWRITER, underwriter, *functions)
    return register
