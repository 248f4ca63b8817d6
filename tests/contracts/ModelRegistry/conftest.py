import pytest

from tests.support import oracle


@pytest.fixture(scope="module")
def product_admin(accounts):
    return accounts[1]


@pytest.fixture(scope="module")
def registry(Authority, ModelRegistry, accounts, product_admin):
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    registry = ModelRegistry.deploy(authority, {"from": accounts[0]})
    oracle.allow(authority, registry, oracle.PRODUCT_ADMIN, product_admin, "approve", "retire")
    return registry
