"""The whole economics as a reference: capital, policies, claims, certificates, and every balance.

Time is an argument, money integers in token units. A move that the rules refuse raises Refused, and
its caller throws the copy away in which it was tried. `wallets` is a ledger of all tokens: what
each account has, contracts included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from .capital import BPS, Cell, Refused, Vault
from .claims import Allowances, Books, Challenge, Claim, Product, Review
from .cover import (
    MOST_DEPENDENCIES,
    ONE,
    YEAR,
    Cover,
    Policy,
    Scores,
    Segment,
    Sums,
    Tariff,
    rounded_up,
)

Key = tuple[str, int]
"""What exposure is booked on: "product", "risk" or "dependency", and its number."""


@dataclass
class Batch:
    """A bordereau: units, starts and payees of its certificates by place; no units: void."""

    series: int
    first: int
    units: list[int]
    starts: list[int]
    payees: list[str]
    posted_at: int
    last_start: int
    """Latest start that may be in it."""
    claimed: int = 0
    expired: bool = False


@dataclass
class Series:
    """Reserved exposure in units, and serials."""

    product: int
    risk: int
    price: int
    bucket: int
    pushed: bool = False
    reserved: int = 0
    next_serial: int = 0
    committed: int = 0
    paid_serials: set[int] = field(default_factory=set)
    """Paid by the pool or by the bond, once for ever."""


@dataclass
class Economy:
    """One cell, its products, one platform, one underwriter, one applicant."""

    cell: Cell
    tariff: Tariff
    products: dict[int, Product]
    allowances: Allowances
    default_cap: int
    bond_delay: int
    challenge_bond: int
    appeal_window: int
    commission_bps: int = 0
    max_move: int = 10_000
    scores: dict[int, Scores] = field(default_factory=dict)
    lost: dict[Key, set[int]] = field(default_factory=dict)
    caps: dict[Key, int] = field(default_factory=dict)
    cell_cap: int | None = None
    booked: Counter[Key] = field(default_factory=Counter)
    policies: dict[int, Policy] = field(default_factory=dict)
    series: dict[int, Series] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    books: dict[Claim, Books] = field(default_factory=dict)
    committed: Counter[int] = field(default_factory=Counter)
    """Token units by policy: paid, waiting and scheduled over all runs."""
    paid_seconds: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    """By policy and run: the seconds that were granted for."""
    waiting: Counter[Claim] = field(default_factory=Counter)
    waits_for: dict[Claim, str] = field(default_factory=dict)
    reviews: dict[Claim, Review] = field(default_factory=dict)
    challenges: dict[Claim, Challenge] = field(default_factory=dict)
    bonds_back: Counter[str] = field(default_factory=Counter)
    wallets: Counter[str] = field(default_factory=Counter)
    held: int = 0
    uncommitted: int = 0
    leaving: tuple[int, int] = (0, 0)
    """Bond that its withdrawal was announced of, and the second from which it may go."""
    minted: int = 0

    # ------------------------------------------------------------------ tokens

    def mint(self, who: str, amount: int) -> None:
        self.wallets[who] += amount
        self.minted += amount

    def move(self, source: str, target: str, amount: int) -> None:
        self.wallets[source] -= amount
        self.wallets[target] += amount
        assert self.wallets[source] >= 0, f"{source} overdrawn"

    # ------------------------------------------------------------------ capital

    def vault(self, tranche: str) -> Vault:
        return self.cell.junior_vault if tranche == "junior" else self.cell.senior_vault

    def request_deposit(self, who: str, tranche: str, amount: int, now: int) -> None:
        self.vault(tranche).deposits.ask(who, amount, now)
        self.move(who, f"{tranche} vault", amount)

    def request_redeem(self, who: str, tranche: str, shares: int, now: int) -> None:
        vault = self.vault(tranche)
        if not 0 < shares <= vault.shares[who]:
            raise Refused("shares")
        vault.redeems.ask(who, shares, now)
        vault.shares[who] -= shares

    def settle_epoch(self, now: int) -> None:
        for tranche, amount in self.cell.settle_epoch(now).items():
            if amount > 0:
                self.move("cell", f"{tranche} vault", amount)
            else:
                self.move(f"{tranche} vault", "cell", -amount)

    def collect_shares(self, who: str, tranche: str) -> int:
        """Token units whose shares are collected.

        :raises Refused: none are ready
        """
        vault = self.vault(tranche)
        assets, shares = vault.deposits.collect(who)
        if assets == 0:
            raise Refused("NothingRequested")
        vault.shares[who] += shares
        return assets

    def collect_assets(self, who: str, tranche: str) -> int:
        """Shares whose token units are collected.

        :raises Refused: none are ready
        """
        shares, assets = self.vault(tranche).redeems.collect(who)
        if shares == 0:
            raise Refused("NothingRequested")
        self.move(f"{tranche} vault", who, assets)
        return shares

    def withdraw_fees(self) -> int:
        fees, self.cell.fees = self.cell.fees, 0
        self.move("cell", "treasurer", fees)
        return fees

    # ------------------------------------------------------------------ oracles

    def report(self, risk: int, score: int, now: int) -> None:
        """A risk's score moves by at most `max_move` with each report."""
        path = self.scores.setdefault(risk, Scores())
        if path.moves:
            last = path.moves[-1][1]
            score = min(max(score, last - self.max_move), last + self.max_move)
        path.set(score, now)

    def mark(self, subject: Key, slots: Sequence[int]) -> None:
        """Slots of a risk or a dependency that a quorum saw lost."""
        self.lost.setdefault(subject, set()).update(slots)

    def _slots(self, product: Product, risk: int, sums: Sums) -> set[int]:
        lost = self.lost.get(("risk", risk), set())
        if not product.on_dependencies:
            return lost
        shared: set[int] = set()
        for dependency in sums.dependencies:
            shared |= self.lost.get(("dependency", dependency), set())
        return lost & shared

    # ------------------------------------------------------------------ limits

    def set_cap(self, key: Key | None, cap: int) -> None:
        """:param key: None for the cell"""
        if key is None:
            self.cell_cap = cap
        else:
            self.caps[key] = cap

    def _keys(self, product: int, risk: int, dependencies: frozenset[int]) -> list[Key]:
        named = [("dependency", d) for d in sorted(dependencies)]
        return [("product", product), ("risk", risk), *named]

    def book(self, product: int, risk: int, dependencies: frozenset[int], amount: int) -> None:
        """:raises Refused: a cap would be passed"""
        for key in self._keys(product, risk, dependencies):
            if self.booked[key] + amount > self.caps.get(key, self.default_cap):
                raise Refused(f"CapExceeded {key}")
            self.booked[key] += amount
        if self.cell.locked > (self.default_cap if self.cell_cap is None else self.cell_cap):
            raise Refused("CapExceeded cell")

    def unbook(self, product: int, risk: int, dependencies: frozenset[int], amount: int) -> None:
        for key in self._keys(product, risk, dependencies):
            self.booked[key] -= amount
            assert self.booked[key] >= 0

    # ------------------------------------------------------------------ policies

    def bind(
        self, number: int, product: int, holder: str, risk: int, sums: Sums, premium: int,
        term: int, now: int,
    ) -> None:  # fmt: skip
        self._require_notice(product, sums, premium, term)
        self.move(holder, "policy book", premium)
        self.policies[number] = Policy(
            number, product, holder, risk, now + term, [Segment(now, now, sums, premium)],
            sums.insured, sums.dependencies,
        )  # fmt: skip
        self.cell.lock(sums.insured)
        self.book(product, risk, sums.dependencies, sums.insured)

    def _require_notice(self, product: int, sums: Sums, funds: int, term: int) -> None:
        """:raises Refused: the funds do not pay notice at the top rate"""
        rate = (self.tariff.top + sums.loading) * self.tariff.unit
        seconds = min(self.products[product].notice, term)
        if funds < rounded_up(sums.insured * rate * seconds, ONE * YEAR):
            raise Refused("PremiumTooLow")

    def _path(self, policy: Policy) -> tuple[Tariff, Scores]:
        return self.tariff, self.scores[policy.risk]

    def _open(self, number: int, now: int) -> Policy:
        """A policy before its end that was not ended; premium is brought up to now.

        :raises Refused: it has ended
        """
        policy = self.policies[number]
        if policy.released or policy.settled or now >= policy.end:
            raise Refused("PolicyNotInForce")
        self._bring(policy, now)
        return policy

    def _bring(self, policy: Policy, now: int) -> None:
        """Moves what was consumed until now to the cell."""
        self.cell.premium(self._consume(policy, now))

    def _consume(self, policy: Policy, now: int) -> int:
        """Token units that were consumed since the last time; they lie in the cell."""
        policy.advance(*self._path(policy), now)
        earned = policy.earned(*self._path(policy), now)
        amount, policy.moved = earned - policy.moved, earned
        assert amount >= 0
        self.move("policy book", "cell", amount)
        return amount

    def touch(self, number: int, now: int) -> None:
        policy = self.policies[number]
        if not (policy.settled or policy.released):
            self._bring(policy, now)

    def top_up(self, number: int, amount: int, now: int) -> None:
        policy = self._open(number, now)
        self.move(policy.holder, "policy book", amount)
        if policy.lapsed_at is None:
            policy.segment.funds += amount
            return
        policy.begin_again(policy.earned_last(*self._path(policy), now), now, amount)
        left = policy.segment.funds
        self._require_notice(policy.product, policy.sums, left, policy.end - now)

    def endorse(self, number: int, sums: Sums, term: int, now: int) -> None:
        """More or other cover from the increase delay on; its limit is booked at once.

        :param term: of the quote, seconds
        """
        policy = self._open(number, now)
        if policy.lapsed_at is not None or policy.change is not None:
            raise Refused("PolicyNotInForce or EndorsementPending")
        left = policy.segment.funds - policy.earned_last(*self._path(policy), now)
        self._require_notice(policy.product, sums, left, term)
        at = now + self.products[policy.product].increase_delay
        if at >= policy.end:
            raise Refused("PolicyNotInForce")
        booked = max(policy.booked, sums.insured)
        named = policy.booked_dependencies | sums.dependencies
        if len(named) > MOST_DEPENDENCIES:
            raise Refused("TooManyDependencies")
        policy.change = (at, sums)
        self.cell.lock(booked - policy.booked)
        self.unbook(policy.product, policy.risk, policy.booked_dependencies, policy.booked)
        policy.booked, policy.booked_dependencies = booked, named
        self.book(policy.product, policy.risk, named, booked)

    def reduce(self, number: int, sums: Sums, now: int) -> None:
        """Less cover at once; what was booked stays booked."""
        policy = self._open(number, now)
        if policy.lapsed_at is not None or policy.change is not None:
            raise Refused("PolicyNotInForce or EndorsementPending")
        old = policy.sums
        if sums.insured > old.insured or sums.hourly > old.hourly:
            raise Refused("NotAReduction")
        if not 0 < sums.hourly <= sums.insured:
            raise Refused("LossPerHourOutOfRange")
        policy.turn(now, policy.earned_last(*self._path(policy), now), sums)

    def cancel(self, number: int, now: int) -> int:
        """The refund."""
        return self._end(self._open(number, now), now)

    def finish(self, numbers: Sequence[int], now: int) -> None:
        """Refunds and leaves the index; cover has ended."""
        policies = [p for p in self._once(numbers) if not p.settled]
        if any(now < policy.end for policy in policies):
            raise Refused("PolicyNotEnded")
        self._finish(policies, now)

    def expire(self, numbers: Sequence[int], now: int) -> None:
        """Also gives back capital and caps."""
        policies = self._once(numbers)
        if any(now < policy.end + self.products[policy.product].tail for policy in policies):
            raise Refused("PolicyNotEnded")
        self._finish(policies, now)
        for policy in policies:
            policy.released = True
            self.cell.release(policy.booked - self.committed[policy.number])
            named = policy.booked_dependencies
            self.unbook(policy.product, policy.risk, named, policy.booked)

    def _once(self, numbers: Sequence[int]) -> list[Policy]:
        """Policies of a list that are not released, without repetition."""
        named = (self.policies[number] for number in dict.fromkeys(numbers))
        return [policy for policy in named if not policy.released]

    def _finish(self, policies: Sequence[Policy], now: int) -> None:
        """Neighbours of one product and risk pay the cell one sum, which it splits once."""
        for _, neighbours in groupby(policies, key=lambda p: (p.product, p.risk)):
            earned = 0
            for policy in neighbours:
                if not policy.settled:
                    earned += self._consume(policy, now)
                    self._end(policy, now)
            self.cell.premium(earned)

    def _end(self, policy: Policy, now: int) -> int:
        """Settles premium up to the lapse, or to the end of cover; `end` is then where it ended."""
        last = policy.segment
        premium = policy.earned_last(*self._path(policy), now)
        end = min(now, policy.end) if policy.lapsed_at is None else policy.lapsed_at
        last.end, last.earned, policy.end = end, premium, end
        policy.settled, policy.change, policy.lapsed_at = True, None, None
        refund = last.funds - premium
        self.move("policy book", policy.holder, refund)
        return refund

    def premium_at(self, number: int, now: int) -> tuple[int, int]:
        """(token units that a policy consumed until now, what would be refunded)."""
        policy = self.policies[number]
        policy.advance(*self._path(policy), now)
        last = policy.earned_last(*self._path(policy), now)
        earned = policy.earned(*self._path(policy), now)
        return earned, 0 if policy.settled else policy.segment.funds - last

    # ------------------------------------------------------------------ claims of policies

    def _cover(self, policy: Policy, run: int, now: int) -> Cover | None:
        """Cover that the run's first second falls into, when a claim may still be made."""
        product = self.products[policy.product]
        policy.advance(*self._path(policy), now)
        start = run * product.slot
        cover = policy.cover(start)
        if policy.released or cover is None or start < cover.start + product.lag:
            return None
        return cover if now < cover.end + product.tail else None

    def _assess(self, policy: Policy, run: int, now: int) -> tuple[int, int, tuple[int, int]]:
        """(granted now without review, for the assessors, the seconds); zeros when nothing is due.

        :raises Refused: the run cannot be read
        """
        nothing = (0, 0, (0, 0))
        product = self.products[policy.product]
        claim = ("policy", policy.number, run)
        books = self.books.get(claim, Books())
        cover = self._cover(policy, run, now)
        if cover is None or now < books.held_until:
            return nothing
        sums, start = cover.sums, run * product.slot
        most = books.booked + max(0, sums.insured - self.committed[policy.number])
        until = min(start + product.seconds_worth(most, sums.hourly), cover.end)
        found = product.run(self._slots(product, policy.risk, sums), run, now)
        end = min(found.end, until)
        due = min(product.due(end - start, sums.hourly), most)
        more = due - books.booked
        if more <= 0 or self._is_refused(claim):
            return nothing
        instant = self._instant(policy, run, sums, more, now)
        closed = found.ended or end >= until
        reviewed = more - instant if closed and self._may_be_scheduled(claim, now) else 0
        if instant + reviewed == 0:
            return nothing
        return instant, reviewed, (start, end)

    def _instant(self, policy: Policy, run: int, sums: Sums, more: int, now: int) -> int:
        """What of `more` is granted without review."""
        product = self.products[policy.product]
        books = self.books.get(("policy", policy.number, run), Books())
        if books.held_until:
            return 0
        share, _ = self._share(policy, run, sums)
        room = min(more, max(0, share - (books.booked - books.routed)))
        if product.on_dependencies:
            return room
        spent = self.allowances.unreviewed("applicant", now)
        limit = product.unreviewed_limit + self.premium_at(policy.number, now)[0]
        return min(room, max(0, limit - spent))

    def _share(self, policy: Policy, run: int, sums: Sums) -> tuple[int, int]:
        limit = self.products[policy.product].instant_limit
        on_risk = self.booked["risk", policy.risk]
        return self.allowances.share(limit, (policy.risk, run), sums.insured, on_risk)

    def settle(self, number: int, run: int, now: int) -> int:
        """What a policy is granted for a run now.

        :raises Refused: nothing is due
        """
        granted = self._settle_one(self.policies[number], run, now)
        if granted == 0:
            raise Refused("NothingDue")
        return granted

    def settle_many(self, numbers: Sequence[int], run: int, now: int) -> int:
        """What all of them are granted; those that are due nothing are passed over."""
        return sum(self._settle_one(self.policies[number], run, now) for number in numbers)

    def _settle_one(self, policy: Policy, run: int, now: int) -> int:
        instant, reviewed, seconds = self._assess(policy, run, now)
        if instant + reviewed == 0:
            return 0
        product, claim = self.products[policy.product], ("policy", policy.number, run)
        books = self.books.setdefault(claim, Books())
        sums = policy.cover(run * product.slot).sums  # type: ignore[union-attr]
        if not books.held_until:
            _, keep = self._share(policy, run, sums)
            self.allowances.keep((policy.risk, run), keep)
        books.booked += instant + reviewed
        books.routed += reviewed
        self.committed[policy.number] += instant + reviewed
        self.paid_seconds.setdefault(policy.number, {})[run] = seconds
        if instant and not product.on_dependencies:
            self.allowances.count("applicant", instant, now)
        self._pay_or_wait(claim, policy.holder, instant, now)
        if reviewed:
            self._schedule(claim, reviewed, policy.holder, product, now)
        return instant + reviewed

    def _pay_or_wait(self, claim: Claim, payee: str, amount: int, now: int) -> None:
        if amount == 0:
            return
        paid = self.allowances.take_today(amount, now)
        self._wait(claim, payee, amount - paid)
        self._pay(payee, paid)

    def _wait(self, claim: Claim, payee: str, amount: int) -> None:
        if amount:
            self.waiting[claim] += amount
            self.waits_for[claim] = payee

    def _pay(self, who: str, amount: int) -> None:
        self.cell.pay(amount)
        self.move("cell", who, amount)

    def pay_waiting(self, claim: Claim, now: int) -> int:
        self.allowances.require_running(now)
        if self.waiting[claim] == 0:
            raise Refused("NothingDue")
        paid = self.allowances.take_today(self.waiting[claim], now)
        if paid == 0:
            raise Refused("CeilingReached")
        self.waiting[claim] -= paid
        self._pay(self.waits_for[claim], paid)
        return paid

    def hold(self, claim: Claim, until: int, now: int) -> None:
        """A suspicion: nothing of the claim is paid without review, and nothing before `until`."""
        kind, cover, run = claim
        if kind == "policy":
            product = self.products[self.policies[cover].product]
        else:
            product = self.products[self.series[self.batches[cover].series].product]
        books = self.books.get(claim, Books())
        closes = product.settleable_at(run)
        if (
            books.held_until
            or not now < closes
            or not now < until <= closes + product.claim_window // 2
        ):
            raise Refused("HoldOutOfTime")
        self.books.setdefault(claim, books).held_until = until

    # ------------------------------------------------------------------ reviews

    def _is_refused(self, claim: Claim) -> bool:
        """Nothing more of it is granted, even where its limit can be used again."""
        return claim in self.reviews and self.reviews[claim].status == "refused"

    def _may_be_scheduled(self, claim: Claim, now: int) -> bool:
        review = self.reviews.get(claim)
        if review is None:
            return True
        return review.status == "approved" and self.allowances.running(now) > review.end(2)

    def _schedule(self, claim: Claim, amount: int, payee: str, product: Product, now: int) -> None:
        before = self.reviews.get(claim)
        self.reviews[claim] = Review(
            pending=amount,
            decide_from=self.allowances.running(now) + product.challenge_window,
            window=product.review_window,
            silence_pays=product.on_dependencies,
            payee=payee,
            reviewed=0 if before is None else before.reviewed,
        )
        self.cell.reserve(amount)

    def _scheduled(self, claim: Claim) -> Review:
        review = self.reviews.get(claim)
        if review is None or review.status != "scheduled":
            raise Refused("NotScheduled")
        return review

    def decide(self, claim: Claim, approve: bool, assessor: str, deadline: int, now: int) -> None:
        """Two assessors of one round who agree decide."""
        self.allowances.require_running(now)
        review, time = self._scheduled(claim), self.allowances.running(now)
        if not review.decide_from <= time < review.end(1 if review.silence_pays else 2):
            raise Refused("ReviewNotOpen")
        number = 1 if time < review.end(1) else 2
        if now > deadline or deadline >= self.allowances.chain_time(review.end(number)):
            raise Refused("DecisionExpired")
        if assessor in review.deciders.values():
            raise Refused("AlreadyDecided")
        if (number, approve) not in review.deciders:
            review.deciders[number, approve] = assessor
        elif approve:
            self._approve(claim, review)
        else:
            self._refuse(claim, review)

    def close_review(self, claim: Claim, now: int) -> int:
        """Silence pays in the end."""
        self.allowances.require_running(now)
        review = self._scheduled(claim)
        if self.allowances.running(now) < review.end(1 if review.silence_pays else 2):
            raise Refused("ReviewStillOpen")
        return self._approve(claim, review)

    def _approve(self, claim: Claim, review: Review) -> int:
        amount, review.pending, review.status = review.pending, 0, "approved"
        review.reviewed += amount
        self.cell.reserve(-amount)
        self._pay(review.payee, amount)
        return amount

    def _refuse(self, claim: Claim, review: Review) -> None:
        amount, review.pending, review.status = review.pending, 0, "refused"
        self.cell.reserve(-amount)
        if claim[0] == "policy":
            self.committed[claim[1]] -= amount
            if not self.policies[claim[1]].released:
                return
        self.cell.release(amount)

    def challenge(self, claim: Claim, who: str, now: int) -> None:
        if claim in self.challenges:
            raise Refused("AlreadyChallenged")
        review, time = self._scheduled(claim), self.allowances.running(now)
        if time >= review.decide_from:
            raise Refused("ReviewNotOpen")
        review.status = "challenged"
        self.challenges[claim] = Challenge(who, time)
        self.move(who, "appeal board", self.challenge_bond)

    def end_challenge(self, claim: Claim, upheld: bool | None, now: int) -> None:
        """:param upheld: the appeal committee's word; None: it said nothing in time"""
        challenge, time = self.challenges.get(claim), self.allowances.running(now)
        if challenge is None or not challenge.open:
            raise Refused("NotChallenged")
        if (time < challenge.opened_at + self.appeal_window) == (upheld is None):
            raise Refused("AppealOver or AppealStillOpen")
        challenge.open = False
        review = self.reviews[claim]
        gets = review.payee if upheld is False else challenge.who
        self.bonds_back[gets] += self.challenge_bond
        if upheld:
            self._refuse(claim, review)
        else:
            review.status, review.decide_from = "scheduled", time

    def withdraw_challenge_bond(self, who: str) -> int:
        amount = self.bonds_back.pop(who, 0)
        if amount == 0:
            raise Refused("NothingToWithdraw")
        self.move("appeal board", who, amount)
        return amount

    # ------------------------------------------------------------------ facility

    def deposit_float(self, amount: int) -> None:
        self.move("platform", "float", amount)

    def withdraw_float(self, amount: int) -> None:
        if amount > self.wallets["float"] - self.held:
            raise Refused("FloatTooLow")
        self.move("float", "platform", amount)

    def deposit_bond(self, amount: int) -> None:
        self.move("underwriter", "bond", amount)

    def request_bond(self, amount: int, now: int) -> None:
        if amount + self.uncommitted > self.wallets["bond"]:
            raise Refused("BondTooLow")
        self.leaving = (amount, now + self.bond_delay)

    def withdraw_bond(self, now: int) -> int:
        amount, at = self.leaving
        if amount == 0 or now < at:
            raise Refused("BondWithdrawalNotDue")
        self.leaving = (0, 0)
        amount = min(amount, max(0, self.wallets["bond"] - self.uncommitted))
        self.move("bond", "underwriter", amount)
        return amount

    def reserve(self, number: int, found: Series, units: int, serials: int, now: int) -> None:
        """:param found: the series, in case that it is new"""
        product = self.products[found.product]
        premium, exposure = units * found.price, units * product.unit
        if now + product.tenor > found.bucket:
            raise Refused("BucketTooEarly")
        if premium > self.wallets["float"] - self.held:
            raise Refused("FloatTooLow")
        if self.uncommitted + exposure + self.leaving[0] > self.wallets["bond"]:
            raise Refused("BondTooLow")
        self.held += premium
        self.uncommitted += exposure
        series = self.series.setdefault(number, found)
        series.reserved += units
        series.next_serial += serials
        self.cell.lock(exposure)
        self.book(series.product, series.risk, frozenset(), exposure)

    def _unreserve(self, series: Series, units: int) -> int:
        """Takes units out of a reservation; their limit, token units."""
        exposure = units * self.products[series.product].unit
        series.reserved -= units
        self.uncommitted -= exposure
        self.held -= units * series.price
        return exposure

    def _free(self, series: Series, exposure: int) -> int:
        self.unbook(series.product, series.risk, frozenset(), exposure)
        self.cell.release(exposure)
        return exposure

    def release_reservation(self, number: int, now: int) -> int:
        series = self.series[number]
        if now < series.bucket + self.products[series.product].tail:
            raise Refused("ReservationOpen")
        series.next_serial = series.committed
        return self._free(series, self._unreserve(series, series.reserved))

    def prove_omission(self, number: int, serial: int, units: int, payee: str) -> None:
        """The bond pays a serial that was never committed."""
        series = self.series[number]
        if serial in series.paid_serials:
            raise Refused("BondPaidAlready")
        if not series.committed <= serial < series.next_serial or units > series.reserved:
            raise Refused("reservation")
        series.paid_serials.add(serial)
        exposure = self._free(series, self._unreserve(series, units))
        self.move("bond", payee, exposure)

    # ------------------------------------------------------------------ certificates

    def bring(
        self, number: int, batch: int, units: list[int], starts: list[int], payees: list[str],
        last_start: int, now: int,
    ) -> None:  # fmt: skip
        """Posted or committed: premium moves, less the platform's commission."""
        series, total = self.series[number], sum(units)
        if series.committed + len(units) > series.next_serial:
            raise Refused("SerialsNotReserved")
        if total > series.reserved:
            raise Refused("ReservationTooSmall")
        if starts[-1] > series.bucket - self.products[series.product].tenor:
            raise Refused("BucketTooEarly")
        premium = total * series.price
        self._unreserve(series, total)
        premium -= premium * self.commission_bps // BPS
        self.move("float", "cell", premium)
        self.cell.premium(premium)
        self.batches[batch] = Batch(
            number, series.committed, units, starts, payees, now, last_start=last_start
        )
        series.committed += len(units)

    def settle_certificates(self, batch: int, run: int, places: Sequence[int], now: int) -> int:
        """What is granted for some certificates.

        :raises Refused: one of them is not covered, void or paid; the run is too short or early
        """
        row = self.batches[batch]
        series = self.series[row.series]
        product = self.products[series.product]
        if row.expired or now >= row.last_start + product.tenor + product.tail:
            raise Refused("ClaimWindowClosed")
        if run * product.slot < row.posted_at:
            raise Refused("RunBeforePosting")
        books = self.books.get(("batch", batch, run), Books())
        if now < books.held_until:
            raise Refused("ClaimIsHeld")
        found = product.run(self.lost.get(("risk", series.risk), ()), run, now)
        if found.end - found.start <= product.waiting:
            raise Refused("RunTooShort")
        for place in places:
            start = row.starts[place]
            if not start + product.lag <= found.start < start + product.tenor:
                raise Refused("CertificateNotCovered")
            if row.units[place] == 0 or row.first + place in series.paid_serials:
                raise Refused("void or AlreadyClaimed")
        series.paid_serials.update(row.first + place for place in places)
        units = sum(row.units[place] for place in places)
        row.claimed += units
        instant = self._instant_of_batch(batch, run, units * product.unit, now)
        self._pay_certificates(batch, run, places, instant, now)
        return units * product.unit

    def _instant_of_batch(self, batch: int, run: int, due: int, now: int) -> int:
        row = self.batches[batch]
        series = self.series[row.series]
        product = self.products[series.product]
        books = self.books.setdefault(("batch", batch, run), Books())
        if books.held_until:
            return 0
        key, on_risk = (series.risk, run), self.booked["risk", series.risk]
        exposure = sum(row.units) * product.unit
        share, keep = self.allowances.share(product.instant_limit, key, exposure, on_risk)
        year = max(0, product.unreviewed_limit - self.allowances.unreviewed("platform", now))
        instant = min(due, max(0, share - books.booked), year)
        self.allowances.keep(key, keep)
        books.booked += instant
        if instant:
            self.allowances.count("platform", instant, now)
        return instant

    def _pay_certificates(
        self, batch: int, run: int, places: Sequence[int], instant: int, now: int
    ) -> None:
        """The platform, or each payee in the order of places while the allowance lasts."""
        row = self.batches[batch]
        series = self.series[row.series]
        product = self.products[series.product]
        today = self.allowances.take_today(instant, now) if instant else 0
        dues = [(row.payees[place], row.units[place] * product.unit, place) for place in places]
        if not series.pushed:
            dues = [("platform", sum(due for _, due, _ in dues), places[0])]
        for payee, due, place in dues:
            claim = ("certificates", batch, run, place)
            unreviewed = min(due, instant)
            paid = min(unreviewed, today)
            instant, today = instant - unreviewed, today - paid
            self._wait(claim, payee, unreviewed - paid)
            if due > unreviewed:
                self._schedule(claim, due - unreviewed, payee, product, now)
            self._pay(payee, paid)

    def expire_batch(self, batch: int, now: int) -> int:
        row = self.batches[batch]
        series = self.series[row.series]
        product = self.products[series.product]
        if row.expired or now < row.last_start + product.tenor + product.tail:
            raise Refused("BatchNotEnded")
        row.expired = True
        units = sum(row.units)
        self.unbook(series.product, series.risk, frozenset(), units * product.unit)
        freed = (units - row.claimed) * product.unit
        self.cell.release(freed)
        return freed

    # ------------------------------------------------------------------ invariants

    @property
    def outstanding(self) -> int:
        """Granted and not paid yet, token units."""
        return sum(self.waiting.values()) + sum(r.pending for r in self.reviews.values())

    def check(self, now: int) -> None:
        """What holds after every move."""
        policies = self.policies.values()
        open_now = [p for p in policies if not p.released]
        locked = sum(p.booked - self.committed[p.number] for p in open_now) + self.outstanding
        for series in self.series.values():
            locked += series.reserved * self.products[series.product].unit
        for row in self.batches.values():
            unit = self.products[self.series[row.series].product].unit
            locked += 0 if row.expired else (sum(row.units) - row.claimed) * unit
        assert self.cell.locked == locked <= self.cell.assets
        assert self.cell.reserved == sum(r.pending for r in self.reviews.values())
        assert self.wallets["cell"] == self.cell.assets + self.cell.fees
        refundable = sum(p.segment.funds for p in policies if not p.settled)
        refundable -= sum(
            p.moved - sum(s.earned for s in p.segments[:-1]) for p in policies if not p.settled
        )
        assert self.wallets["policy book"] == refundable
        assert self.uncommitted <= self.wallets["bond"]
        assert self.held <= self.wallets["float"]
        assert sum(self.wallets.values()) == self.minted
        for policy in policies:
            self._check_policy(policy, now)

    def _check_policy(self, policy: Policy, now: int) -> None:
        earned, _ = self.premium_at(policy.number, now)
        over = earned - policy.exact(*self._path(policy), now)
        assert 0 <= over < len(policy.segments), f"premium of {policy.number} off by {over}"
        assert self.committed[policy.number] <= policy.booked
        seconds = sorted(self.paid_seconds.get(policy.number, {}).values())
        for (_, end), (start, _) in pairwise(seconds):
            assert end <= start, f"seconds of {policy.number} granted twice"
