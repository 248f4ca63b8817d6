from types import SimpleNamespace

import pytest

from contracts.client.messages import share_scores
from tests.support import oracle
from tests.support.oracle_fixtures import authority as authority
from tests.support.oracle_fixtures import committee as committee
from tests.support.oracle_fixtures import oracle_committee as oracle_committee


@pytest.fixture(scope="module")
def models(ModelRegistry, authority, accounts):
    registry = ModelRegistry.deploy(authority, {"from": accounts[0]})
    oracle.allow(authority, registry, oracle.PRODUCT_ADMIN, accounts[0], "approve", "retire")
    for model in (oracle.MODEL, oracle.OTHER_MODEL):
        registry.approve(model, 0, "", {"from": accounts[0]})
    registry.approve(b"\x0c" * 32, 1, "", {"from": accounts[0]})
    return registry


@pytest.fixture(scope="module")
def register(RiskRegister, CoverNeighbours, authority, accounts):
    ledger = CoverNeighbours.deploy({"from": accounts[0]})
    register = RiskRegister.deploy(authority, ledger, {"from": accounts[0]})
    oracle.allow(authority, register, oracle.UNDERWRITER, accounts[0], "registerRisk")
    return register


@pytest.fixture(scope="module")
def index(RateIndexSpy, accounts):
    return RateIndexSpy.deploy({"from": accounts[0]})


@pytest.fixture(scope="module")
def feed(RiskFeed, accounts, chain, oracle_committee, models, register, index):
    """Deployed in a frame in which the committee is in force from the first second."""
    chain.mine(timestamp=(chain[-1].timestamp // oracle.FRAME + 1) * oracle.FRAME)
    return RiskFeed.deploy(
        oracle_committee,
        models,
        register,
        index,
        oracle.FRAME,
        oracle.MAX_FRAME_AGE,
        oracle.PER_FRAME,
        oracle.PER_DAY,
        {"from": accounts[0]},
    )


@pytest.fixture
def reporter(feed, committee, chain, accounts):
    """Sends reports: each of `scores` (lane of member to its scores) signed by that member."""

    def next_frame():
        chain.mine(timestamp=(chain[-1].timestamp // oracle.FRAME + 1) * oracle.FRAME)
        return feed.frameAt(chain[-1].timestamp) - 1

    def vectors(frame, scores, first_risk=0, model=oracle.MODEL):
        return committee.vectors(oracle.domain(feed), frame, model, scores, first_risk)

    def send(frame, signed, first_risk=0, model=oracle.MODEL, version=1):
        return feed.report(version, frame, model, first_risk, signed, {"from": accounts[9]})

    def ask(frame, signed, first_risk=0, model=oracle.MODEL, version=1):
        """As `send`, without a transaction."""
        return feed.report.call(version, frame, model, first_risk, signed, {"from": accounts[9]})

    def report(scores, first_risk=0, model=oracle.MODEL):
        """All of lanes 0, 1, 2 agree on `scores`, in a new frame."""
        frame = next_frame()
        signed = share_scores(vectors(frame, dict.fromkeys(range(3), scores), first_risk, model))
        return send(frame, signed, first_risk, model)

    return SimpleNamespace(
        next_frame=next_frame, vectors=vectors, send=send, ask=ask, report=report
    )
