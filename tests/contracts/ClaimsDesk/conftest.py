"""A ClaimsDesk among neighbours that answer what a test sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from contracts.client.development import Person, person
from contracts.client.messages import AssessorDecision, Domain, digest
from contracts.client.signatures import sign
from contracts.client.terms import Form, Peril, ProductTerms

SLOT = 10
DELAY = 60
LAG = 100
WAITING = 30
HOLD = 20
CHALLENGE = 40
REVIEW = 100
CLAIM_WINDOW = 5_000
INSTANT = 1_000_000
LOSS_PER_HOUR = 36_000_000
"""Ten thousand token units a second."""

ASSESSOR, CLAIMS_HOLD, GUARDIAN = 3, 4, 5
CEILING = 50_000_000
YEARLY = 10**15
PAUSE, COOL_DOWN = 300, 9_000
PRODUCT = 1
POLICY = 7
RISK = 5
DEPENDENCY = 3


def granted(transaction: Any, policy: int) -> tuple[int, int]:
    """What a settlement paid at once and what it scheduled for one policy."""
    names = ("ClaimPaid", "ClaimScheduled")
    paid, scheduled = (
        sum(int(e["amount"]) for e in transaction.events[name] if e["policy"] == policy)
        if name in transaction.events
        else 0
        for name in names
    )
    return paid, scheduled


@dataclass
class World:
    """The desk, its neighbours, and time counted in slots from the first slot of an epoch."""

    desk: Any
    neighbours: Any
    appeals: Any
    chain: Any
    relayer: Any
    terms: ProductTerms
    zero: int

    def time(self, slot: int) -> int:
        """First second of a slot."""
        return (self.zero + slot) * SLOT

    def run(self, slot: int = 0) -> int:
        """Number on chain of a slot."""
        return self.zero + slot

    def set_terms(self, **changes: Any) -> None:
        self.terms = replace(self.terms, **changes)
        self.neighbours.setTerms(self.terms.as_struct(), {"from": self.relayer})

    def cover(self, **changes: Any) -> tuple[Any, ...]:
        """The struct of a cover that is wide enough unless told otherwise."""
        values = {
            "in_force": True,
            "product": PRODUCT,
            "risk": RISK,
            "holder": person("holder").address,
            "start": self.time(-1_000),
            "end": self.time(1_000),
            "sum_insured": 1_000_000_000,
            "loss_per_hour": LOSS_PER_HOUR,
            "dependencies": 0,
        } | changes
        return tuple(values.values())

    def set_cover(self, policy: int = POLICY, **changes: Any) -> None:
        self.neighbours.setCover(policy, self.cover(**changes), {"from": self.relayer})

    def mark(self, lost: list[int], attacked: list[int] | None = None, subject: int = RISK) -> None:
        """Marks slots, counted from zero, which may be negative."""
        self.neighbours.setMasks(subject, *self.masks(lost, attacked), {"from": self.relayer})

    def masks(
        self, lost: list[int], attacked: list[int] | None = None
    ) -> tuple[int, list[int], list[int]]:
        """First epoch, and a mask of lost and of attacked slots for each epoch from there."""
        everything = [*lost, *(attacked or [])]
        first = (self.zero + min(everything)) // 64
        count = (self.zero + max(everything)) // 64 - first + 1
        masks = ([0] * count, [0] * count)
        for words, slots in zip(masks, (lost, attacked or []), strict=True):
            for slot in slots:
                epoch, bit = divmod(self.zero + slot, 64)
                words[epoch - first] |= 1 << bit
        return first, *masks

    def at(self, second: int) -> None:
        """Moves chain time to a second after the start of slot 0."""
        now = self.chain.time()
        target = self.time(0) + second
        assert target >= now, "time only moves forward"
        self.chain.sleep(target - now)
        self.chain.mine()

    def after(self, slots: int) -> None:
        """Moves to when the first `slots` slots have been settled, hold window included."""
        self.at(slots * SLOT + DELAY + HOLD)

    def send(self, function: Any, *arguments: Any) -> Any:
        """Calls first, so that a refusal costs no transaction, and then sends."""
        function.call(*arguments, {"from": self.relayer})
        return function(*arguments, {"from": self.relayer})

    def settle(self, policy: int = POLICY, run: int = 0) -> Any:
        return self.send(self.desk.settle, policy, self.run(run))

    def settled(self, policy: int = POLICY, run: int = 0) -> tuple[int, int]:
        """Settles, and returns what was paid and what was scheduled."""
        return granted(self.settle(policy, run), policy)

    def claim(self, policy: int = POLICY, run: int = 0) -> str:
        return "0x" + ((policy << 64) | self.run(run)).to_bytes(32, "big").hex()

    def decision(self, who: Person, approve: bool, deadline: int, claim: str) -> bytes:
        message = AssessorDecision(bytes.fromhex(claim[2:]), approve, b"\x05" * 32, deadline)
        domain = Domain("AssessorPanel", self.chain.id, self.desk.assessorPanel())
        return sign(digest(message, domain), who.key)

    def decide(self, name: str, approve: bool = True, deadline: int | None = None) -> Any:
        """Hands in a decision on POLICY's claim on run 0, by default valid for all of round 1."""
        claim = self.claim()
        view = self.desk.claimOf(claim)
        deadline = deadline or view["decideFrom"] + view["reviewWindow"] - 1
        signature = self.decision(person(name), approve, deadline, claim)
        arguments = (claim, approve, b"\x05" * 32, deadline, signature)
        return self.send(self.desk.decide, *arguments)


@pytest.fixture(scope="module")
def deployed(Authority, DeskNeighbours, AssessorPanel, ClaimsDesk, accounts):
    """The desk and its neighbours; the appeal board is an account."""
    admin = {"from": accounts[0]}
    authority = Authority.deploy(accounts[0], admin)
    neighbours = DeskNeighbours.deploy(SLOT, DELAY, admin)
    panel = AssessorPanel.deploy(authority, admin)
    desk = ClaimsDesk.deploy(
        *[neighbours] * 5, accounts[18], panel, CEILING, PAUSE, COOL_DOWN, authority, admin
    )
    for letter in "abcd":
        authority.grantRole(ASSESSOR, person(f"assessor_{letter}").address, 0, admin)
    for role, name, function in (
        (CLAIMS_HOLD, "claims_hold", desk.hold),
        (GUARDIAN, "guardian", desk.pause),
    ):
        authority.grantRole(role, person(name).address, 0, admin)
        authority.setTargetFunctionRole(desk, [function.signature], role, admin)
    return desk, neighbours


@pytest.fixture
def world(fn_isolation, deployed, chain, accounts):
    desk, neighbours = deployed
    terms = ProductTerms(
        peril=Peril.SERVICE_OUTAGE,
        form=Form.POLICY,
        cell=neighbours.address,
        terms_hash=b"\x01" * 32,
        waiting_period=WAITING,
        coverage_lag=LAG,
        merge_gap=30,
        hold_window=HOLD,
        challenge_window=CHALLENGE,
        review_window=REVIEW,
        claim_window=CLAIM_WINDOW,
        term=1_000,
        instant_limit=INSTANT,
        unreviewed_limit=YEARLY,
    )
    zero = (chain.time() // (64 * SLOT) + 2) * 64
    world = World(desk, neighbours, accounts[18], chain, accounts[14], terms, zero)
    neighbours.setApplicant(RISK, person("applicant").address, {"from": world.relayer})
    world.set_terms()
    world.set_cover()
    return world
