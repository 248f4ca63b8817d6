"""The whole real system on a chain of its own, for attacks on it.

The tests need no brownie, so that scripts/threats.py can run them on contracts without a guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from contracts.client.errors import ChainError
from contracts.client.terms import Form, Peril, ProductTerms
from tests.support.live import DOLLAR, PARAMETERS, Live
from tests.support.local_chain import local_chain

JUNIOR, SENIOR = 50_000 * DOLLAR, 150_000 * DOLLAR
CEILING = 20_000 * DOLLAR


@pytest.fixture
def isolation() -> None:
    """Replaces brownie's; `live` goes back to a snapshot itself."""


@dataclass(frozen=True)
class Target:
    """What the attacks are made on: a funded system with a product of policies and a risk."""

    live: Live
    terms: ProductTerms
    product: int
    risk: int


@pytest.fixture(scope="session")
def deployed() -> Iterator[Target]:
    with local_chain() as chain:
        live = Live(chain.web3, replace(PARAMETERS, daily_instant_ceiling=CEILING))
        live.fund(JUNIOR, SENIOR)
        terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE)
        product, risk = live.product(terms), live.risk()
        live.next_frame()
        live.report([3_000])
        yield Target(live, terms, product, risk)


@pytest.fixture
def target(deployed: Target) -> Iterator[Target]:
    kept, salts = deployed.live.rpc("evm_snapshot"), deployed.live.salts
    yield deployed
    deployed.live.rpc("evm_revert", kept)
    deployed.live.salts = salts


def succeeds(act: Callable[[], object]) -> bool:
    """Whether an attacker's act goes through; what it brought is for the test to say."""
    try:
        act()
    except ChainError:
        return False
    return True
