"""A product book administered by accounts[0], beside a model registry that knows every hash."""

import pytest

from tests.support.cover import policy_terms


@pytest.fixture(scope="module")
def neighbours(CoverNeighbours, accounts):
    return CoverNeighbours.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def books(ProductBook, Authority, neighbours, accounts):
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    return ProductBook.deploy(authority, neighbours, {"from": accounts[0]})


@pytest.fixture(scope="module")
def terms(neighbours):
    return policy_terms(neighbours.address)
