"""A scheduled claim of the whole real system, and an appeal committee."""

from __future__ import annotations

from dataclasses import dataclass

import brownie
import pytest

from contracts.client.terms import Form, Peril, ProductTerms
from tests.support.committee import Committee
from tests.support.live import DOLLAR, Live

BOND = 100 * DOLLAR


@dataclass(frozen=True)
class Scheduled:
    """A policy's claim of which a part waits for assessors, and who may decide a challenge."""

    live: Live
    policy: int
    run: int
    terms: ProductTerms
    committee: Committee

    @property
    def claim(self) -> bytes:
        return self.live.claim_id(self.policy, self.run)

    @property
    def amount(self) -> int:
        return int(self.live.claim(self.policy, self.run)["scheduled"])

    def challenge(self, who: str = "stranger") -> None:
        self.live.give(who, BOND, "AppealBoard")
        self.live.move(who, "AppealBoard", "challenge", self.claim, bytes(32))


@pytest.fixture(scope="module")
def settled(module_isolation) -> Scheduled:
    live = Live(brownie.web3)
    live.fund(50_000 * DOLLAR, 150_000 * DOLLAR)
    terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE)
    product, risk = live.product(terms), live.risk()
    live.next_frame()
    live.report([3_000])
    policy = live.policy(product, risk, terms)
    live.wait(terms.coverage_lag)
    run = live.outage(risk, 150)
    live.wait_until(live.settle_time(run + 153, terms))
    live.settle(policy, run)
    return Scheduled(live, policy, run, terms, Committee.of(label="appeal"))


@pytest.fixture
def without_appeals(settled: Scheduled, isolation) -> Scheduled:
    """As `scheduled`, before anyone proposed an appeal committee."""
    return settled


@pytest.fixture
def scheduled(without_appeals: Scheduled) -> Scheduled:
    without_appeals.live.appeals()
    return without_appeals
