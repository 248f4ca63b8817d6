"""A rate index beside one stand-in for the feed and the policy book."""

import pytest

from tests.support.cover import RATE_UNIT, TABLE, pack


@pytest.fixture(scope="module")
def neighbours(CoverNeighbours, accounts):
    return CoverNeighbours.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def index(RateIndex, neighbours, accounts):
    return RateIndex.deploy(neighbours, neighbours, {"from": accounts[0]})


@pytest.fixture(scope="module")
def enter(index, neighbours, accounts):
    """Counts a policy in; gives the transaction."""

    def _enter(product, risk):
        return neighbours.enter(index, product, risk, pack(TABLE), RATE_UNIT, {"from": accounts[0]})

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
