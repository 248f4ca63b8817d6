"""Random histories of the whole system against the reference model, over snapshots.

After every move `compare` reads what the contracts hold, after every eighth everything: they agree
with the model to the token unit, locked <= assets, paid + refundable + claimable <= money received,
no exposure grew over its cap. The model checks that no second and no serial was paid twice and that
each segment's premium is at most one unit above the exact one and never below. `settle_everything`
also settles in another order by other callers and follows every payment to its end: nobody's payout
differs.

`make test` plays a few histories; `make invariants` plays the nightly ones (`scripts.invariants`)
and closes with how often each rule really ran. Profile, seed and lengths come from the environment.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model.claims import Claim
from tests.model.cover import Sums
from tests.support.live import DOLLAR
from tests.support.mirror import (
    ASSESSORS,
    BUYERS,
    HOLDERS,
    LENDERS,
    RISKS,
    SYSTEM,
    Disagreement,
    Kept,
    Mirror,
)
from tests.support.mirror_state import compare

RUNS = int(os.environ.get("FLOWCOVER_RUNS", "3"))
STEPS = int(os.environ.get("FLOWCOVER_STEPS", "20"))
SEED = int(os.environ.get("FLOWCOVER_SEED", "20300101"))

DAY = 86_400
WHOLE = 8
"""Every so many moves all is compared, and at the end; the money of the contracts after each."""
RULES = (
    "wait", "report scores", "attest as slots end", "attest late",
    "bind", "endorse", "reduce", "top up", "collect premium", "cancel", "finish", "expire",
    "settle", "settle many", "settle all, permuted", "hold", "pause", "pay what waits",
    "decide", "refused by assessors", "close review",
    "challenge", "uphold challenge", "reject challenge", "lapse challenge", "challenge bond back",
    "request deposit", "request withdrawal", "settle epoch", "collect shares", "collect withdrawal",
    "withdraw fees", "set cap",
    "deposit float", "withdraw float", "deposit bond", "announce bond withdrawal", "withdraw bond",
    "reserve", "post batch", "commit batch", "claim, platform paid", "claim, holders paid",
    "expire batch", "prove omission", "release reservation",
)  # fmt: skip
"""What is counted; each must take effect in a nightly run."""
DID: Counter[str] = Counter(dict.fromkeys(RULES, 0))
REFUSED: Counter[str] = Counter()
TRANCHES = st.sampled_from(("junior", "senior"))
LENDER = st.sampled_from(LENDERS)
CALLERS = st.sampled_from(("stranger", "relayer", "holder", "applicant"))
RISK = st.sampled_from(RISKS)
SCORES = st.sampled_from((1_500, 3_000, 3_900, 4_700, 8_000))
PICK = st.integers(0, 2**16)
OFTEN = st.sampled_from((True, True, True, False))
RARELY = st.sampled_from((False, False, False, True))
INSURED = st.sampled_from((500, 8_000, 30_000, 99_999))
MOST_CLAIMS = 6
"""Claims that `settle_everything` settles, lest its history takes minutes."""


class EconomyMachine(RuleBasedStateMachine):
    """One history, from the state in which the mirror was built."""

    mirror: ClassVar[Mirror]
    start: ClassVar[Kept]
    steps: int = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).start = self.mirror.back(self.start)

    @initialize(
        risk=RISK,
        insured=INSURED,
        hourly=st.integers(1, 4),
        slots=st.integers(0, 40),
        settled=st.booleans(),
        disputed=OFTEN,
        sold=st.booleans(),
        pushed=st.booleans(),
        leaving=st.booleans(),
    )
    def history_begins(
        self, risk: int, insured: int, hourly: int, slots: int, settled: bool, disputed: bool,
        sold: bool, pushed: bool, leaving: bool,
    ) -> None:  # fmt: skip
        """With two policies, room for certificates on the same risk or some that are sold, and an
        outage, of which the policies' claims are settled already, or are disputed, or not; with a
        lender who leaves or none."""
        sums = Sums(insured * DOLLAR, insured * DOLLAR // hourly)
        mirror = self.mirror
        for holder in HOLDERS:
            mirror.bind(mirror.outages, holder, risk, sums, 60 * DOLLAR, 10 * DAY)
        bucket = mirror.now + 20_000
        mirror.reserve(risk, 3_000, 40, bucket, pushed)
        if leaving:
            shares = mirror.economy.vault("junior").shares["lender_junior"] // 4
            mirror.request_redeem("lender_junior", "junior", shares)
        mirror.live.wait(60)
        if sold and 1 in mirror.economy.series:
            mirror.bring(1, [50, 60, 70], list(BUYERS)[:1] * 3, slots % 2 == 0)
        if slots:
            mirror.outage(risk, slots)
        if slots and settled:
            self._until_settleable()
            self._settle_all(self._claims(), ["stranger"])
            for claim in self._reviews("scheduled")[: int(disputed)]:
                mirror.challenge(claim, "relayer")
        compare(mirror)

    def teardown(self) -> None:
        """Only whole histories count: hypothesis begins with short ones."""
        DID["moves"] += self.steps
        DID["whole histories"] += self.steps >= STEPS
        if self.steps < STEPS and sys.exc_info()[0] is None:
            reject()

    # ------------------------------------------------------------------ time and oracles

    @rule(seconds=st.sampled_from((60, 900, 4_000, 30_000)))
    def wait(self, seconds: int) -> None:
        self.mirror.live.wait(seconds)
        self._done("wait", True)

    @rule(scores=st.tuples(SCORES, SCORES, SCORES))
    def report(self, scores: tuple[int, int, int]) -> None:
        self.mirror.report(dict(zip(RISKS, scores, strict=True)))
        self._done("report scores", True)

    @rule(risk=RISK, slots=st.integers(1, 45), shared=st.integers(0, 3))
    def outage(self, risk: int, slots: int, shared: int) -> None:
        named = [d for n, d in enumerate(self.mirror.dependencies) if shared >> n & 1]
        self.mirror.outage(risk, slots, named)
        self._done("attest as slots end", True)

    @rule(risk=RISK, back=st.integers(3, 55), slots=st.integers(1, 12))
    def late_marks(self, risk: int, back: int, slots: int) -> None:
        """May join runs or put a slot before one."""
        last = self.mirror.live.slot(self.mirror.now) - 1
        marked = range(max(last - back, last - 55), min(last - back + slots, last + 1))
        self.mirror.mark(risk, marked)
        self._done("attest late", True)

    # ------------------------------------------------------------------ policies

    @rule(
        risk=RISK,
        holder=st.sampled_from(HOLDERS),
        insured=INSURED,
        hourly=st.integers(1, 4),
        loading=st.integers(0, 30),
        premium=st.sampled_from((DOLLAR // 2, 4 * DOLLAR, 40 * DOLLAR)),
        shared=st.integers(0, 3),
        days=st.sampled_from((1, 10)),
    )
    def bind(
        self, risk: int, holder: str, insured: int, hourly: int, loading: int, premium: int,
        shared: int, days: int,
    ) -> None:  # fmt: skip
        sums = self._sums(insured, hourly, loading, shared)
        product = self.mirror.dependent if sums.dependencies else self.mirror.outages
        bound = self.mirror.bind(product, holder, risk, sums, premium, days * DAY)
        self._done("bind", bound)

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, insured=INSURED, hourly=st.integers(1, 4), shared=st.integers(1, 3))
    def endorse(self, which: int, insured: int, hourly: int, shared: int) -> None:
        number = self._policy(which)
        old = self.mirror.economy.policies[number].sums
        sums = self._sums(insured, hourly, which % 20, shared if old.dependencies else 0)
        self._done("endorse", self.mirror.endorse(number, sums))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, percent=st.integers(1, 110))
    def reduce(self, which: int, percent: int) -> None:
        number = self._policy(which)
        policy = self.mirror.economy.policies[number]
        old = policy.change[1] if policy.change is not None else policy.sums
        insured, hourly = old.insured * percent // 100, max(1, old.hourly * percent // 100)
        sums = Sums(insured, min(hourly, insured), old.loading, old.dependencies)
        self._done("reduce", self.mirror.reduce(number, sums))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, cents=st.integers(1, 2_000))
    def top_up(self, which: int, cents: int) -> None:
        self._done("top up", self.mirror.top_up(self._policy(which), cents * 10_000))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, who=CALLERS)
    def touch(self, which: int, who: str) -> None:
        self._done("collect premium", self.mirror.touch(self._policy(which), who))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK)
    def cancel(self, which: int) -> None:
        self._done("cancel", self.mirror.cancel(self._policy(which)))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, who=CALLERS, all_of_them=st.booleans())
    def finish(self, which: int, who: str, all_of_them: bool) -> None:
        self._done("finish", self.mirror.finish(self._ended(which, all_of_them), who))

    @precondition(lambda self: self.mirror.economy.policies)
    @rule(which=PICK, who=CALLERS, all_of_them=st.booleans(), wait=RARELY)
    def expire(self, which: int, who: str, all_of_them: bool, wait: bool) -> None:
        if wait:
            policy = self.mirror.economy.policies[self._policy(which)]
            tail = self.mirror.economy.products[policy.product].tail
            self.mirror.live.wait_until(policy.end + tail)
        self._done("expire", self.mirror.expire(self._ended(which, all_of_them), who))

    # ------------------------------------------------------------------ claims

    @precondition(lambda self: self._claims())
    @rule(which=PICK, who=CALLERS, wait=OFTEN)
    def settle(self, which: int, who: str, wait: bool) -> None:
        if wait:
            self._until_settleable()
        _, number, run = self._pick(which, self._claims()[-5:])
        self._done("settle", self.mirror.settle(number, run, who))

    @precondition(lambda self: self._claims())
    @rule(which=PICK, who=CALLERS, wait=OFTEN)
    def settle_many(self, which: int, who: str, wait: bool) -> None:
        if wait:
            self._until_settleable()
        _, _, run = self._pick(which, self._claims()[-5:])
        numbers = [n for n, p in self.mirror.economy.policies.items() if not p.released]
        self._done("settle many", self.mirror.settle_many(numbers, run, who))

    @precondition(lambda self: self._claims())
    @rule(which=PICK, seconds=st.integers(0, 2_500), batches=st.booleans())
    def hold(self, which: int, seconds: int, batches: bool) -> None:
        claims = self._claims()
        if batches:
            claims = self._claims_of_batches() or claims
        claim = self._pick(which, claims[-3:])
        self._done("hold", self.mirror.hold(claim, self.mirror.now + seconds))

    @rule()
    def pause(self) -> None:
        self._done("pause", self.mirror.pause())

    @precondition(lambda self: self._reviews("scheduled"))
    @rule(which=PICK, approve=st.booleans(), pair=st.permutations(ASSESSORS), wait=OFTEN)
    def decide(self, which: int, approve: bool, pair: list[str], wait: bool) -> None:
        claim = self._pick(which, self._reviews("scheduled"))
        review, allowances = self.mirror.economy.reviews[claim], self.mirror.economy.allowances
        if wait:
            self.mirror.live.wait_until(allowances.chain_time(review.decide_from) + 1)
        for assessor in pair[:2]:
            self._done("decide", self.mirror.decide(claim, approve, assessor), last=False)
        self._done("refused by assessors", review_status(self.mirror, claim) == "refused")

    @precondition(lambda self: self._reviews("scheduled"))
    @rule(which=PICK, who=CALLERS, wait=OFTEN)
    def close_review(self, which: int, who: str, wait: bool) -> None:
        claim = self._pick(which, self._reviews("scheduled"))
        if wait:
            self._until_closed(claim)
        self._done("close review", self.mirror.close_review(claim, who))

    @precondition(lambda self: self._reviews("scheduled"))
    @rule(which=PICK, who=CALLERS)
    def challenge(self, which: int, who: str) -> None:
        claim = self._pick(which, self._reviews("scheduled")[-2:])
        self._done("challenge", self.mirror.challenge(claim, who))

    @precondition(lambda self: self._appeals())
    @rule(which=PICK, upheld=st.booleans())
    def decide_appeal(self, which: int, upheld: bool) -> None:
        self._end_challenge(self._pick(which, self._appeals()), upheld)

    @precondition(lambda self: self._reviews("challenged"))
    @rule(which=PICK, word=st.sampled_from((True, False, None)))
    def end_challenge(self, which: int, word: bool | None) -> None:
        """Also words that come too late."""
        claim = self._pick(which, self._reviews("challenged"))
        if word is None:
            self.mirror.live.wait(SYSTEM.appeal_window)
        self._end_challenge(claim, word)

    def _end_challenge(self, claim: Claim, word: bool | None) -> None:
        name = {True: "uphold challenge", False: "reject challenge", None: "lapse challenge"}[word]
        self._done(name, self.mirror.end_challenge(claim, word))

    @precondition(lambda self: self.mirror.economy.bonds_back.keys() - BUYERS)
    @rule(which=PICK)
    def withdraw_challenge_bond(self, which: int) -> None:
        who = self._pick(which, sorted(self.mirror.economy.bonds_back.keys() - BUYERS))
        self._done("challenge bond back", self.mirror.withdraw_challenge_bond(who))

    @precondition(lambda self: +self.mirror.economy.waiting)
    @rule(which=PICK, who=CALLERS, tomorrow=OFTEN)
    def pay_waiting(self, which: int, who: str, tomorrow: bool) -> None:
        claim = self._pick(which, sorted(+self.mirror.economy.waiting))
        if tomorrow:
            self.mirror.live.wait_until((self.mirror.now // DAY + 1) * DAY)
        self._done("pay what waits", self.mirror.pay_waiting(claim, who))

    @precondition(lambda self: self._claims())
    @rule(callers=st.permutations(("stranger", "relayer", "applicant")), order=PICK)
    def settle_everything(self, callers: list[str], order: int) -> None:
        """Whoever calls first, in whatever order: everybody is paid the same in the end."""
        mirror = self.mirror
        self._until_settleable()
        claims = self._settleable()
        shuffled = random.Random(order).sample(claims, len(claims))
        kept = mirror.keep()
        granted = self._settle_all(claims, callers)
        forward = self._paid_in_the_end()
        mirror.back(kept)
        backward_granted = self._settle_all(shuffled, callers[::-1])
        kept = mirror.keep()
        backward = self._paid_in_the_end()
        mirror.back(kept)
        if granted != backward_granted or forward != backward:
            raise Disagreement(f"{forward} in order, {backward} in the order {shuffled}")
        self._done("settle all, permuted", len(claims) > 1 and granted > 0)

    # ------------------------------------------------------------------ capital

    @rule(who=LENDER, tranche=TRANCHES, dollars=st.integers(1, 30_000))
    def request_deposit(self, who: str, tranche: str, dollars: int) -> None:
        amount = dollars * DOLLAR + dollars
        self._done("request deposit", self.mirror.request_deposit(who, tranche, amount))

    @rule(who=LENDER, tranche=TRANCHES, part=st.integers(1, 4))
    def request_redeem(self, who: str, tranche: str, part: int) -> None:
        shares = self.mirror.economy.vault(tranche).shares[who] // part
        self._done("request withdrawal", self.mirror.request_redeem(who, tranche, shares))

    @rule(who=CALLERS, wait=OFTEN)
    def settle_epoch(self, who: str, wait: bool) -> None:
        if wait:
            self.mirror.live.wait_until(self.mirror.economy.cell.next_epoch)
        self._done("settle epoch", self.mirror.settle_epoch(who))

    @precondition(lambda self: self._ready())
    @rule(which=PICK)
    def collect(self, which: int) -> None:
        ready = self._ready()
        leaving = [one for one in ready if one[0] == "assets"]
        kind, who, tranche = self._pick(which, leaving or ready)
        if kind == "shares":
            self._done("collect shares", self.mirror.collect_shares(who, tranche))
        else:
            self._done("collect withdrawal", self.mirror.collect_assets(who, tranche))

    @rule()
    def withdraw_fees(self) -> None:
        self._done("withdraw fees", self.mirror.withdraw_fees())

    @rule(
        key=st.sampled_from(("product", "risk", "dependency", "cell")),
        which=PICK,
        dollars=st.sampled_from((5_000, 60_000, 200_000, 10_000_000)),
    )
    def set_cap(self, key: str, which: int, dollars: int) -> None:
        mirror = self.mirror
        numbers = {
            "product": list(mirror.terms), "risk": list(RISKS), "dependency": mirror.dependencies,
        }.get(key)  # fmt: skip
        found = None if numbers is None else (key, self._pick(which, numbers))
        compare(mirror, whole=True)  # what was booked up to now, by the cap that was in force
        self._done("set cap", mirror.set_cap(found, dollars * DOLLAR))

    # ------------------------------------------------------------------ certificates

    @rule(units=st.integers(-3_000, 3_000), bond=st.booleans())
    def facility(self, units: int, bond: bool) -> None:
        """Money in and out of float and bond."""
        amount = abs(units) * DOLLAR
        moves = {
            (True, True): ("deposit bond", self.mirror.deposit_bond),
            (True, False): ("announce bond withdrawal", self.mirror.request_bond),
            (False, True): ("deposit float", self.mirror.deposit_float),
            (False, False): ("withdraw float", self.mirror.withdraw_float),
        }
        name, move = moves[bond, units > 0]
        self._done(name, move(amount))

    @precondition(lambda self: self.mirror.economy.leaving[0])
    @rule(wait=OFTEN)
    def withdraw_bond(self, wait: bool) -> None:
        if wait:
            self.mirror.live.wait_until(self.mirror.economy.leaving[1])
        self._done("withdraw bond", self.mirror.withdraw_bond())

    @rule(risk=RISK, units=st.integers(1, 8_000), serials=st.integers(1, 40), pushed=st.booleans())
    def reserve(self, risk: int, units: int, serials: int, pushed: bool) -> None:
        bucket = (self.mirror.now // 10_000 + 2) * 10_000
        self._done("reserve", self.mirror.reserve(risk, units, serials, bucket, pushed))

    @precondition(lambda self: self.mirror.known.series)
    @rule(
        which=PICK,
        units=st.lists(st.integers(1, 400), min_size=1, max_size=12),
        committed=st.booleans(),
    )
    def bring(self, which: int, units: list[int], committed: bool) -> None:
        number = which % len(self.mirror.known.series) + 1
        payees = [list(BUYERS)[(which + n) % len(BUYERS)] for n in range(len(units))]
        brought = self.mirror.bring(number, units, payees, committed)
        self._done("commit batch" if committed else "post batch", brought)

    @precondition(lambda self: self.mirror.known.batches)
    @rule(
        which=PICK,
        run=PICK,
        places=st.sets(st.integers(0, 11), min_size=1, max_size=4),
        fresh=st.booleans(),
        who=CALLERS,
    )
    def claim_certificates(
        self, which: int, run: int, places: set[int], fresh: bool, who: str
    ) -> None:
        """On a run of before, or on one that begins right after the lag of the newest batch."""
        mirror = self.mirror
        batches = list(mirror.known.batches)
        batch = batches[-1] if fresh else self._pick(which, batches)
        row = mirror.economy.batches[batch]
        risk = mirror.economy.series[row.series].risk
        if fresh:
            mirror.live.wait_until(row.starts[-1] + mirror.terms[mirror.sale].coverage_lag)
            mirror.outage(risk, 6)
            self._until_settleable()
        runs = [first for on, first in mirror.known.runs if on == risk][-3:] or [0]
        chosen = sorted({place % len(row.units) for place in places})
        first = runs[-1] if fresh else self._pick(run, runs)
        paid = mirror.settle_certificates(batch, first, chosen, who)
        pushed = mirror.economy.series[row.series].pushed
        self._done("claim, holders paid" if pushed else "claim, platform paid", paid)

    @precondition(lambda self: self._batches())
    @rule(which=PICK, who=CALLERS, wait=OFTEN)
    def expire_batch(self, which: int, who: str, wait: bool) -> None:
        e, batch = self.mirror.economy, self._pick(which, self._batches())
        row = e.batches[batch]
        product = e.products[e.series[row.series].product]
        if wait:
            self.mirror.live.wait_until(row.last_start + product.tenor + product.tail)
        self._done("expire batch", self.mirror.expire_batch(batch, who))

    @precondition(lambda self: self.mirror.known.series)
    @rule(which=PICK, units=st.integers(1, 500))
    def prove_omission(self, which: int, units: int) -> None:
        number = which % len(self.mirror.known.series) + 1
        serial = self.mirror.economy.series[number].committed + which % 3
        self._done("prove omission", self.mirror.prove_omission(number, serial, units))

    @precondition(lambda self: self.mirror.known.series)
    @rule(which=PICK)
    def release_reservation(self, which: int) -> None:
        number = which % len(self.mirror.known.series) + 1
        self._done("release reservation", self.mirror.release_reservation(number))

    # ------------------------------------------------------------------ inside

    def _done(self, name: str, did: Any, last: bool = True) -> None:
        """Counts a move and compares; the last of a rule is a step."""
        assert name in RULES, name
        (DID if did not in (None, False) else REFUSED)[name] += 1
        if last:
            self.steps += 1
        compare(self.mirror, whole=last and (self.steps % WHOLE == 0 or self.steps >= STEPS))

    def _sums(self, insured: int, hourly: int, loading: int, shared: int) -> Sums:
        named = frozenset(d for n, d in enumerate(self.mirror.dependencies) if shared >> n & 1)
        return Sums(insured * DOLLAR, insured * DOLLAR // hourly, loading, named)

    @staticmethod
    def _pick(which: int, among: list[Any]) -> Any:
        return among[which % len(among)]

    def _policy(self, which: int) -> int:
        return int(self._pick(which, list(self.mirror.economy.policies)))

    def _ended(self, which: int, all_of_them: bool) -> list[int]:
        """One policy, or every one whose capital is free by now."""
        e, now = self.mirror.economy, self.mirror.now
        if not all_of_them:
            return [self._policy(which)]
        tails = {n: p.end + e.products[p.product].tail for n, p in e.policies.items()}
        return [n for n, at in tails.items() if at < now]

    def _claims(self) -> list[Claim]:
        """A policy each with a run on its risk that was known at some time."""
        policies = self.mirror.economy.policies.items()
        runs = self.mirror.known.runs
        return [("policy", n, first) for n, p in policies for on, first in runs if on == p.risk]

    def _claims_of_batches(self) -> list[Claim]:
        e, runs = self.mirror.economy, self.mirror.known.runs
        rows = [(n, e.series[b.series].risk) for n, b in e.batches.items() if not b.expired]
        return [("batch", n, first) for n, risk in rows for on, first in runs if on == risk]

    def _batches(self) -> list[int]:
        return [n for n, b in self.mirror.economy.batches.items() if not b.expired]

    def _reviews(self, status: str) -> list[Claim]:
        return [c for c, r in self.mirror.economy.reviews.items() if r.status == status]

    def _appeals(self) -> list[Claim]:
        """Challenged claims on which the appeal committee may still speak."""
        economy = self.mirror.economy
        opened = economy.allowances.running(self.mirror.now) - economy.appeal_window
        return [c for c in self._reviews("challenged") if economy.challenges[c].opened_at > opened]

    def _ready(self) -> list[tuple[str, str, str]]:
        """What lenders could collect."""
        found = []
        for tranche in ("junior", "senior"):
            vault = self.mirror.economy.vault(tranche)
            for who in LENDERS:
                for kind, queue in (("shares", vault.deposits), ("assets", vault.redeems)):
                    if queue.ready(who)[0]:
                        found.append((kind, who, tranche))
        return found

    def _until_settleable(self) -> None:
        """Waits until what was attested by now has ended and may be settled."""
        live = self.mirror.live
        terms = self.mirror.terms[self.mirror.outages]
        live.wait_until(live.settle_time(live.slot(live.now) + 4, terms))

    def _until_closed(self, claim: Claim) -> None:
        review, allowances = self.mirror.economy.reviews[claim], self.mirror.economy.allowances
        end = review.end(1 if review.silence_pays else 2)
        self.mirror.live.wait_until(allowances.chain_time(end))

    def _settleable(self) -> list[Claim]:
        """Claims whose outcome the next hour does not change: not reviewed, held or closing."""
        e, now = self.mirror.economy, self.mirror.now
        found = []
        for claim in self._claims():
            policy, (_, _, run) = e.policies[claim[1]], claim
            product = e.products[policy.product]
            policy.advance(e.tariff, e.scores[policy.risk], now)
            cover = policy.cover(run * product.slot)
            held = claim in e.books and e.books[claim].held_until > now
            open_ = cover is not None and now + 3_600 < cover.end + product.tail
            if open_ and not held and claim not in e.reviews and not policy.released:
                found.append(claim)
        return found[-MOST_CLAIMS:]

    def _settle_all(self, claims: list[Claim], callers: list[str]) -> int:
        """Token units granted."""
        granted = 0
        for place, (_, number, run) in enumerate(claims):
            granted += self.mirror.settle(number, run, callers[place % len(callers)]) or 0
        return granted

    def _paid_in_the_end(self) -> dict[str, int]:
        """What everybody has once silence approved what was scheduled and no ceiling is left."""
        mirror = self.mirror
        for claim in self._reviews("scheduled"):
            self._until_closed(claim)
            if mirror.close_review(claim, "relayer") is None:
                mirror.live.wait_until(mirror.economy.allowances.paused_until)
                mirror.close_review(claim, "relayer")
        while waiting := sorted(+mirror.economy.waiting):
            mirror.live.wait_until((mirror.now // DAY + 1) * DAY)
            for claim in waiting:
                if mirror.pay_waiting(claim, "relayer") is None:
                    break
        compare(mirror)
        return {who: mirror.economy.wallets[who] for who in (*HOLDERS, "platform", *BUYERS)}


def review_status(mirror: Mirror, claim: Claim) -> str:
    return mirror.economy.reviews[claim].status


@pytest.fixture(scope="module")
def table() -> Iterator[None]:
    """How often each rule ran, left for `make invariants`."""
    yield
    if target := os.environ.get("FLOWCOVER_INVARIANTS_OUT"):
        Path(target).write_text(json.dumps({"did": DID, "refused": REFUSED}))


def test_economy__random_histories__agree_with_the_model(
    opened: tuple[Mirror, list[Kept]], table: None
) -> None:
    mirror, kept = opened
    EconomyMachine.mirror, EconomyMachine.start = mirror, mirror.back(kept[0])
    run_state_machine_as_test(
        seed(SEED)(EconomyMachine),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS + 1,  # the first one begins the history
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    kept[0] = EconomyMachine.start
    assert DID["whole histories"] >= RUNS
