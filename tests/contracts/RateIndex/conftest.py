"""A rate index between a real product book and one stand-in for the feed and the policy book."""

import pytest

from tests.support.cover import TABLE, pack, policy_terms


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Each test on a fresh copy of the module's state."""


@pytest.fixture(scope="module")
def neighbours(CoverNeighbours, accounts):
    return CoverNeighbours.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def books(ProductBook, Authority, neighbours, accounts):
    authority = Authority.deploy(accounts[0], {"from": accounts[0]})
    books = ProductBook.deploy(authority, neighbours, {"from": accounts[0]})
    for _ in range(9):
        books.register(policy_terms(neighbours.address).args(), pack(TABLE), {"from": accounts[0]})
    return books


@pytest.fixture(scope="module")
def index(RateIndex, books, neighbours, accounts):
    return RateIndex.deploy(books, neighbours, neighbours, {"from": accounts[0]})


@pytest.fixture(scope="module")
def enter(index, neighbours, accounts):
    """Counts a policy in; gives the transaction."""

    def _enter(product, risk):
        return neighbours.enter(index, product, risk, {"from": accounts[0]})

    return _enter


@pytest.fixture(scope="module")
def leave(index, neighbours, accounts):
    def _leave(product, risk, policies=1):
        return neighbours.leave(index, product, risk, policies, {"from": accounts[0]})

    return _leave


@pytest.fixture(scope="module")
def move(index, neighbours, accounts):
    """Reports new effective scores of risks of one group, given as {risk: score}."""

    def _move(scores):
        group = min(scores) // 16
        lanes = sum(score << (16 * (risk % 16)) for risk, score in scores.items())
        moved = sum(1 << (risk % 16) for risk in scores)
        return neighbours.moveScores(index, group, lanes, moved, {"from": accounts[0]})

    return _move
