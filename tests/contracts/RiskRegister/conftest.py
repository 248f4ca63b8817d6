import pytest

from tests.support import oracle


@pytest.fixture(scope="module")
def underwriter(accounts):
    return accounts[1]


@pytest.fixture(scope="module")
def register(Authority, RiskRegister, accounts, underwriter):
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    register = RiskRegister.deploy(authority, {"from": accounts[0]})
    functions = ("registerRisk", "registerDependency")
    oracle.allow(authority, register, oracle.UNDERWRITER, underwriter, *functions)
    return register
