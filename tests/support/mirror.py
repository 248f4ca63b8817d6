"""Every move twice: on the real contracts and in the reference model, with the same result.

`Mirror.both` sends a transaction, lets the model make the same move at the second of its block, and
compares what the two refuse. How the contracts are called is here and in `Live`; what is compared
after a move is in `mirror_state`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from web3 import Web3

from contracts.client.certificates import PostedBatch, Record
from contracts.client.development import person
from contracts.client.messages import AssessorDecision, Certificate, Quote, digest
from contracts.client.signatures import keccak256, sign
from contracts.client.sum_tree import Commitment, SumRecord, SumTree, build
from contracts.client.terms import Form, Peril, ProductTerms
from tests.model.capital import Cell, Refused, Vault
from tests.model.claims import Allowances, Claim, Product, runs
from tests.model.cover import ONE, YEAR, Sums, Tariff, rounded_up
from tests.model.economy import Economy, Key, Series
from tests.support.committee import Committee
from tests.support.live import DOLLAR, MODEL, PARAMETERS, RATE_UNIT, TABLE, Sent
from tests.support.stepped import Refusal, SteppedLive

RISKS = (0, 1, 2)
LENDERS = ("lender_junior", "lender_senior", "stranger")
HOLDERS = ("holder", "applicant")
VAULTS = {"junior": "JuniorVault", "senior": "SeniorVault"}
BUYERS = {f"buyer {n}": (0xA001 + n).to_bytes(20, "big") for n in range(5)}
PEOPLE = (*LENDERS, *HOLDERS, "platform", "underwriter", "treasurer", "relayer")
SPENDERS = {
    "lender_junior": ("JuniorVault", "SeniorVault"),
    "lender_senior": ("JuniorVault", "SeniorVault"),
    "stranger": ("JuniorVault", "SeniorVault", "AppealBoard"),
    "holder": ("PolicyBook", "AppealBoard"),
    "applicant": ("PolicyBook", "AppealBoard"),
    "relayer": ("AppealBoard",),
    "platform": ("Facility",),
    "underwriter": ("Facility",),
}
"""Who lets which contracts draw tokens."""
ASSESSORS = ("assessor_a", "assessor_b", "assessor_c", "assessor_d")
FORTUNE = 10_000_000 * DOLLAR
DEPENDENCIES = 2**32
"""A dependency's slots are marked under this plus its index."""
FRESH = 25
"""Frames for which a reported score is used without a newer one."""
BUCKET = 3_600
"""Seconds of starts that a new series has room for."""

SYSTEM = replace(
    PARAMETERS,
    default_daily_limit=10**15,
    daily_instant_ceiling=1_200 * DOLLAR,
    challenge_bond=100 * DOLLAR,
    appeal_window=300,
    pause_length=600,
    pause_cool_down=3_600,
)


class Disagreement(AssertionError):
    """Contracts and model came to different results."""


@dataclass
class Sold:
    """A batch on chain, and what proves its certificates."""

    series: int
    tree: PostedBatch | SumTree
    commitment: Commitment | None

    def prove(self, places: Sequence[int]) -> Any:
        if isinstance(self.tree, PostedBatch):
            return self.tree.prove(places)
        assert self.commitment is not None
        return self.tree.prove(places, self.commitment)


@dataclass
class Known:
    """What the mirror itself knows of a history."""

    runs: list[tuple[int, int]] = field(default_factory=list)
    """(risk, first slot) of runs that were attested."""
    batches: dict[int, Sold] = field(default_factory=dict)
    series: list[tuple[Any, ...]] = field(default_factory=list)
    reported: dict[int, int] = field(default_factory=dict)
    frame: int = 0
    salts: int = 0
    booked: dict[str, int] = field(default_factory=dict)
    """Exposure on chain by key, after the last comparison."""


@dataclass
class Kept:
    """A state to come back to."""

    chain: tuple[str, int]
    inner: bytes


def packed(dependencies: Iterable[int]) -> int:
    """Dependencies as the contracts take them."""
    return sum(index << 32 * place for place, index in enumerate(sorted(dependencies)))


class Mirror:
    """One deployed system with three products, and its model."""

    def __init__(self, web3: Web3) -> None:
        self.live = live = SteppedLive(web3, SYSTEM)
        limits = {"instant_limit": 1_000 * DOLLAR, "unreviewed_limit": 5_000 * DOLLAR}
        terms = [
            live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, notice_period=600, **limits),
            live.terms(Form.POLICY, Peril.DEPENDENCY_OUTAGE, notice_period=600, **limits),
            live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE, **limits),
        ]
        self.terms = {live.product(each): each for each in terms}
        self.outages, self.dependent, self.sale = self.terms
        self.economy = _economy(live, self.terms)
        self.known = Known()
        for _ in RISKS:
            live.risk()
        self.dependencies = [live.dependency() for _ in range(2)]
        self.appeals: Committee = live.appeals()
        live.start()
        self._fund_people()
        self._open()

    def _fund_people(self) -> None:
        for who in dict.fromkeys(PEOPLE):
            self.live.move(who, "StableCoin", "mint", person(who).address, FORTUNE)
            self.economy.mint(who, FORTUNE)
        for who, spenders in SPENDERS.items():
            for spender in spenders:
                address = self.live.deployment.contracts[spender]
                self.live.move(who, "StableCoin", "approve", address, 2**256 - 1)
        platform = person("platform").address
        self.live.move("treasurer", "Facility", "setCommission", platform, 250)
        ceiling = (person("underwriter").address, self.sale, 10**6)
        self.live.move("platform", "Facility", "agreeTerms", *ceiling)
        self.economy.commission_bps = 250

    def _open(self) -> None:
        """Capital, float, bond, a first score: where every history begins."""
        for who, tranche, dollars in (
            ("lender_junior", "junior", 50_000),
            ("lender_senior", "senior", 150_000),
        ):
            self.request_deposit(who, tranche, dollars * DOLLAR)
        self.settle_epoch("relayer")
        for who, tranche in (("lender_junior", "junior"), ("lender_senior", "senior")):
            self.collect_shares(who, tranche)
        self.deposit_float(5_000 * DOLLAR)
        self.deposit_bond(40_000 * DOLLAR)
        self.report(dict.fromkeys(RISKS, 3_000))

    # ------------------------------------------------------------------ both at once

    @property
    def now(self) -> int:
        return self.live.now

    def both(self, act: Callable[[], Any], model: Callable[[Economy, int], Any]) -> Any:
        """What the model's move gives, True where that is nothing; None when both refused.

        :raises Disagreement: one of them refused
        """
        try:
            act()
            refusal = None
        except Refusal as refused:
            refusal = refused
        trial = pickle.loads(pickle.dumps(self.economy))
        try:
            result = model(trial, self.now)
        except Refused as refused:
            if refusal is None:
                raise Disagreement(
                    f"the model refused with {refused}, the contracts did not"
                ) from None
            return None
        if refusal is not None:
            why = refusal.reason()
            raise Disagreement(f"the contracts refused with {why}, the model did not")
        self.economy = trial
        return True if result is None else result

    def _move(self, who: str, name: str, function: str, *arguments: Any) -> Callable[[], Sent]:
        return lambda: self.live.move(who, name, function, *arguments)

    # ------------------------------------------------------------------ capital

    def request_deposit(self, who: str, tranche: str, amount: int) -> Any:
        vault, account = VAULTS[tranche], person(who).address
        return self.both(
            self._move(who, vault, "requestDeposit", amount, account, account),
            lambda e, now: e.request_deposit(who, tranche, amount, now),
        )

    def request_redeem(self, who: str, tranche: str, shares: int) -> Any:
        vault, account = VAULTS[tranche], person(who).address
        return self.both(
            self._move(who, vault, "requestRedeem", shares, account, account),
            lambda e, now: e.request_redeem(who, tranche, shares, now),
        )

    def settle_epoch(self, who: str) -> Any:
        return self.both(self._move(who, "Cell", "settleEpoch"), lambda e, now: e.settle_epoch(now))

    def collect_shares(self, who: str, tranche: str) -> Any:
        """Token units whose shares were collected."""
        account = person(who).address
        ready, _ = self.economy.vault(tranche).deposits.ready(who)
        return self.both(
            self._move(who, VAULTS[tranche], "deposit", ready, account),
            lambda e, now: e.collect_shares(who, tranche),
        )

    def collect_assets(self, who: str, tranche: str) -> Any:
        """Shares whose token units were collected."""
        account = person(who).address
        ready, _ = self.economy.vault(tranche).redeems.ready(who)
        return self.both(
            self._move(who, VAULTS[tranche], "redeem", ready, account, account),
            lambda e, now: e.collect_assets(who, tranche),
        )

    def withdraw_fees(self) -> Any:
        account = person("treasurer").address
        return self.both(
            self._move("treasurer", "Cell", "withdrawFees", account),
            lambda e, now: e.withdraw_fees(),
        )

    def set_cap(self, key: Key | None, cap: int) -> Any:
        """:param key: None for the cell"""
        dimension, number = (3, int(self.live.deployment.contracts["Cell"], 16))
        if key is not None:
            dimension, number = DIMENSIONS[key[0]], key[1]
        return self.both(
            self._move("product_admin", "ExposureLedger", "setCap", dimension, number, cap),
            lambda e, now: e.set_cap(key, cap),
        )

    # ------------------------------------------------------------------ oracles

    def report(self, scores: dict[int, int]) -> None:
        """The newest closed frame's scores."""
        self.live.next_frame()
        frame = self.now // SYSTEM.frame_length - 1
        self.live.report([scores[risk] for risk in RISKS])
        for risk in RISKS:
            self.economy.report(risk, scores[risk], self.now)
        self.known.reported, self.known.frame = scores, frame

    def fresh(self) -> None:
        """Reports the last scores again when they are old."""
        if self.now // SYSTEM.frame_length - self.known.frame > FRESH:
            self.report(self.known.reported)

    def mark(self, risk: int, slots: range, dependencies: Iterable[int] = ()) -> None:
        """A quorum marks slots that have ended and are not closed; known ones are left out."""
        for key in (("risk", risk), *(("dependency", d) for d in dependencies)):
            subject = key[1] if key[0] == "risk" else DEPENDENCIES + key[1]
            fresh = [s for s in slots if s not in self.economy.lost.get(key, ())]
            self.live.attest(subject, fresh)
            self.economy.mark(key, fresh)
        bridged = (self.terms[self.outages].merge_gap - 1) // SYSTEM.slot_length
        for first, last in runs(self.economy.lost["risk", risk], bridged):
            if first <= slots.start <= last and (risk, first) not in self.known.runs:
                self.known.runs.append((risk, first))

    def outage(self, risk: int, slots: int, dependencies: Iterable[int] = ()) -> int:
        """The next slots are lost and attested; the first of them."""
        first = self.live.slot(self.now) + 1
        for start in range(first, first + slots, 40):
            part = range(start, min(start + 40, first + slots))
            self.live.wait_until(part.stop * SYSTEM.slot_length)
            self.mark(risk, part, dependencies)
        return first

    # ------------------------------------------------------------------ policies

    def _quote(self, product: int, holder: str, risk: int, sums: Sums, term: int) -> Quote:
        self.known.salts += 1
        tariff, terms = self.economy.tariff, self.terms[product]
        rate = tariff.rate(self.known.reported[risk]) + sums.loading
        return Quote(
            product=product,
            risk_index=risk,
            applicant=person("applicant").address,
            holder=person(holder).address,
            sum_insured=sums.insured,
            loss_per_hour=sums.hourly,
            dependencies=packed(sums.dependencies),
            rate=rate * RATE_UNIT,
            rate_ceiling=(tariff.top + sums.loading) * RATE_UNIT,
            min_premium=0,
            score_frame=self.known.frame,
            model_hash=MODEL,
            terms_hash=terms.terms_hash,
            term=term,
            salt=self.known.salts.to_bytes(32, "big"),
            deadline=self.now + 600,
        )

    def bind(
        self, product: int, holder: str, risk: int, sums: Sums, premium: int, term: int
    ) -> Any:
        """The policy's number; None when it was refused."""
        self.fresh()
        quote = self._quote(product, holder, risk, sums, term)
        number = policy_number(digest(quote, self.live.deployment.domain(quote)))
        transaction = self.live.bind_transaction(quote, premium)

        def model(e: Economy, now: int) -> int:
            e.bind(number, product, holder, risk, sums, premium, term, now)
            return number

        return self.both(lambda: self.live.send(holder, transaction), model)

    def endorse(self, number: int, sums: Sums) -> Any:
        self.fresh()
        policy = self.economy.policies[number]
        term = 86_400
        quote = self._quote(policy.product, policy.holder, policy.risk, sums, term)
        struct, signature = self.live.signed_quote(quote)
        return self.both(
            self._move(policy.holder, "PolicyBook", "endorse", number, struct, signature),
            lambda e, now: e.endorse(number, sums, term, now),
        )

    def reduce(self, number: int, sums: Sums) -> Any:
        """To these sums, on the policy's loading and dependencies."""
        policy = self.economy.policies[number]
        arguments = (number, sums.insured, sums.hourly, packed(sums.dependencies))
        return self.both(
            self._move(policy.holder, "PolicyBook", "reduce", *arguments),
            lambda e, now: e.reduce(number, sums, now),
        )

    def top_up(self, number: int, amount: int) -> Any:
        holder = self.economy.policies[number].holder
        return self.both(
            self._move(holder, "PolicyBook", "topUp", number, amount),
            lambda e, now: e.top_up(number, amount, now),
        )

    def touch(self, number: int, who: str) -> Any:
        return self.both(
            self._move(who, "PolicyBook", "touch", number), lambda e, now: e.touch(number, now)
        )

    def cancel(self, number: int) -> Any:
        holder = self.economy.policies[number].holder
        return self.both(
            self._move(holder, "PolicyBook", "cancel", number),
            lambda e, now: e.cancel(number, now),
        )

    def finish(self, numbers: Sequence[int], who: str) -> Any:
        return self.both(
            self._move(who, "PolicyBook", "finish", numbers),
            lambda e, now: e.finish(numbers, now),
        )

    def expire(self, numbers: Sequence[int], who: str) -> Any:
        return self.both(
            self._move(who, "PolicyBook", "expire", numbers),
            lambda e, now: e.expire(numbers, now),
        )

    # ------------------------------------------------------------------ claims

    def settle(self, number: int, run: int, who: str) -> Any:
        """Token units granted."""
        return self.both(
            lambda: self.live.settle(number, run, who), lambda e, now: e.settle(number, run, now)
        )

    def settle_many(self, numbers: Sequence[int], run: int, who: str) -> Any:
        """Token units granted to all of them."""
        return self.both(
            self._move(who, "ClaimsDesk", "settleMany", numbers, run),
            lambda e, now: e.settle_many(numbers, run, now),
        )

    def hold(self, claim: Claim, until: int) -> Any:
        identity = claim_id(claim)
        return self.both(
            self._move("claims_hold", "ClaimsDesk", "hold", identity, keccak256(b"why"), until),
            lambda e, now: e.hold(claim, until, now),
        )

    def pause(self) -> Any:
        return self.both(
            self._move("guardian", "ClaimsDesk", "pause", keccak256(b"why")),
            lambda e, now: e.allowances.pause(now),
        )

    def pay_waiting(self, claim: Claim, who: str) -> Any:
        return self.both(
            self._move(who, "ClaimsDesk", "payWaiting", claim_id(claim)),
            lambda e, now: e.pay_waiting(claim, now),
        )

    def decide(self, claim: Claim, approve: bool, assessor: str) -> Any:
        """A decision for the round that is open, or for the first."""
        review, allowances = self.economy.reviews[claim], self.economy.allowances
        number = 1 if allowances.running(self.now) < review.end(1) else 2
        deadline = allowances.chain_time(review.end(number)) - 1
        message = AssessorDecision(claim_id(claim), approve, keccak256(b"why"), deadline)
        signature = sign(
            digest(message, self.live.deployment.domain(message)), person(assessor).key
        )
        arguments = (message.claim, approve, message.reason_hash, deadline, signature)
        return self.both(
            self._move("relayer", "ClaimsDesk", "decide", *arguments),
            lambda e, now: e.decide(claim, approve, assessor, deadline, now),
        )

    def close_review(self, claim: Claim, who: str) -> Any:
        return self.both(
            self._move(who, "ClaimsDesk", "closeReview", claim_id(claim)),
            lambda e, now: e.close_review(claim, now),
        )

    def challenge(self, claim: Claim, who: str) -> Any:
        return self.both(
            self._move(who, "AppealBoard", "challenge", claim_id(claim), keccak256(b"why")),
            lambda e, now: e.challenge(claim, who, now),
        )

    def end_challenge(self, claim: Claim, upheld: bool | None) -> Any:
        """:param upheld: the appeal committee's word; None: silence"""
        identity = claim_id(claim)
        act = self._move("relayer", "AppealBoard", "lapse", identity)
        if upheld is not None:
            act = lambda: self.live.decide_appeal(self.appeals, identity, upheld)  # noqa: E731
        return self.both(act, lambda e, now: e.end_challenge(claim, upheld, now))

    def withdraw_challenge_bond(self, who: str) -> Any:
        return self.both(
            self._move(who, "AppealBoard", "withdraw"),
            lambda e, now: e.withdraw_challenge_bond(who),
        )

    # ------------------------------------------------------------------ facility

    def deposit_float(self, amount: int) -> Any:
        platform = person("platform").address
        return self.both(
            self._move("platform", "Facility", "depositFloat", platform, amount),
            lambda e, now: e.deposit_float(amount),
        )

    def withdraw_float(self, amount: int) -> Any:
        platform = person("platform").address
        return self.both(
            self._move("platform", "Facility", "withdrawFloat", amount, platform),
            lambda e, now: e.withdraw_float(amount),
        )

    def deposit_bond(self, amount: int) -> Any:
        return self.both(
            self._move("underwriter", "Facility", "depositBond", amount),
            lambda e, now: e.deposit_bond(amount),
        )

    def request_bond(self, amount: int) -> Any:
        return self.both(
            self._move("underwriter", "Facility", "requestBondWithdrawal", amount),
            lambda e, now: e.request_bond(amount, now),
        )

    def withdraw_bond(self) -> Any:
        return self.both(
            self._move("underwriter", "Facility", "withdrawBond"),
            lambda e, now: e.withdraw_bond(now),
        )

    def reserve(self, risk: int, units: int, serials: int, bucket: int, pushed: bool) -> Any:
        """Number of the series, in the order of first reservation."""
        self.fresh()
        terms, tariff = self.terms[self.sale], self.economy.tariff
        rate = tariff.rate(self.known.reported[risk]) * RATE_UNIT
        price = rounded_up(terms.unit * terms.term * rate, ONE * YEAR)
        people = (person("underwriter").address, person("platform").address)
        found = (*people, self.sale, risk, price, bucket, 2 if pushed else 0)
        known = self.known.series
        number = known.index(found) + 1 if found in known else len(known) + 1

        def model(e: Economy, now: int) -> int:
            e.reserve(number, Series(self.sale, risk, price, bucket, pushed), units, serials, now)
            return number

        reserved = self.both(lambda: self.live.reserve(found, units * DOLLAR, serials), model)
        if reserved == len(known) + 1:
            known.append(found)
        return reserved

    def release_reservation(self, number: int) -> Any:
        return self.both(
            self._move("underwriter", "Facility", "releaseReservation", self._series_id(number)),
            lambda e, now: e.release_reservation(number, now),
        )

    def _series_id(self, number: int) -> bytes:
        found = self.live.read("Facility", "seriesId", self.known.series[number - 1])
        return bytes.fromhex(found[2:])

    # ------------------------------------------------------------------ certificates

    def bring(
        self, number: int, units: Sequence[int], payees: Sequence[str], committed: bool
    ) -> Any:
        """Posts or commits the next serials of a series; the batch's number."""
        series, terms = self.economy.series[number], self.known.series[number - 1]
        base, first = self.now, series.committed
        starts = [base + n for n in range(len(units))]
        batch = (number << 32) | first
        lines = [
            (BUYERS[who], count, n)
            for n, (who, count) in enumerate(zip(payees, units, strict=True))
        ]
        tree: SumTree | None = None
        if committed:
            tree = build([SumRecord(*each, bytes(9)).packed() for each in lines])
        last = terms[5] - self.terms[self.sale].term if committed else starts[-1]
        posted: list[PostedBatch] = []

        def act() -> None:
            if tree is not None:
                self.live.commit(terms, tree.commitment(base), first)
                return
            records = [Record(*each) for each in lines]
            posted.append(self.live.post(terms, records, base, first)[1])

        def model(e: Economy, now: int) -> int:
            e.bring(number, batch, list(units), starts, list(payees), last, now)
            return batch

        if self.both(act, model) is None:
            return None
        self.known.batches[batch] = (
            Sold(number, tree, tree.commitment(base, self.now))
            if tree is not None
            else Sold(number, posted[0], None)
        )
        return batch

    def settle_certificates(self, batch: int, run: int, places: Sequence[int], who: str) -> Any:
        """Token units granted."""
        sold = self.known.batches[batch]
        arguments = (batch, run, *sold.prove(places).arguments)
        act = self._move(who, "ClaimsDesk", "settleCertificates", *arguments)
        if self.economy.series[sold.series].pushed:
            act = self._move(who, "ClaimsDesk", "settleCertificatesPushed", *arguments, b"")
        return self.both(act, lambda e, now: e.settle_certificates(batch, run, list(places), now))

    def expire_batch(self, batch: int, who: str) -> Any:
        sold = self.known.batches[batch]
        if isinstance(sold.tree, PostedBatch):
            act = self._move(who, "ExposureLedger", "expireBordereaux", sold.tree.expiring(batch))
        else:
            assert sold.commitment is not None
            struct = astuple(sold.commitment)
            act = self._move(who, "CertificateBook", "expireCommitted", batch, struct)
        return self.both(act, lambda e, now: e.expire_batch(batch, now))

    def prove_omission(self, number: int, serial: int, units: int) -> Any:
        """A certificate that was due on chain long ago; the applicant is its payee."""
        terms = self.known.series[number - 1]
        payee = person("applicant").address
        tenor = self.terms[self.sale].term
        start = terms[5] - tenor - 1
        certificate = Certificate(
            series=self._series_id(number), platform=terms[1], product=terms[2],
            risk_index=terms[3], holder=payee, payee=payee, transaction_hash=bytes(32),
            sum_insured=units * DOLLAR, premium=units * terms[4], start=start, end=start + tenor,
            score_frame=0, terms_hash=bytes(32), serial=serial, commit_by=0, salt=bytes(32),
        )  # fmt: skip
        domain = self.live.deployment.domain(certificate)
        signature = sign(digest(certificate, domain), person("underwriter").key)
        struct = tuple(getattr(certificate, name) for name in Certificate.__slots__)
        return self.both(
            self._move("stranger", "BondDesk", "proveOmission", struct, signature),
            lambda e, now: e.prove_omission(number, serial, units, "applicant"),
        )

    # ------------------------------------------------------------------ snapshots

    def keep(self) -> Kept:
        """A state to come back to, once."""
        return Kept(self.live.keep(), pickle.dumps((self.economy, self.known)))

    def back(self, kept: Kept) -> Kept:
        """Returns to a state, which can be returned to again by what this gives."""
        self.live.back(kept.chain)
        self.economy, self.known = pickle.loads(kept.inner)
        return self.keep()


DIMENSIONS = {"dependency": 0, "risk": 1, "product": 2}
"""As in contracts/interfaces/IExposureLedger.sol; 3 is the cell."""


def policy_number(quote_digest: bytes) -> int:
    """The first 53 bits."""
    return int.from_bytes(quote_digest, "big") >> 203


def claim_id(claim: Claim) -> bytes:
    """As in contracts/libraries/ClaimIds.sol."""
    kind, cover, run, *place = claim
    number = (cover << 64) | run
    if kind != "policy":
        number |= 1 << 128
    if place:
        number |= (place[0] + 1) << 136
    return int(number).to_bytes(32, "big")


def _product(live: SteppedLive, terms: ProductTerms) -> Product:
    return Product(
        slot=live.parameters.slot_length,
        report_delay=live.parameters.max_report_delay,
        hold=terms.hold_window,
        lag=terms.coverage_lag,
        waiting=terms.waiting_period,
        merge_gap=terms.merge_gap,
        claim_window=terms.claim_window,
        challenge_window=terms.challenge_window,
        review_window=terms.review_window,
        instant_limit=terms.instant_limit,
        unreviewed_limit=terms.unreviewed_limit,
        on_dependencies=terms.peril is Peril.DEPENDENCY_OUTAGE,
        notice=terms.notice_period,
        increase_delay=terms.increase_delay,
        tenor=terms.term,
        unit=terms.unit,
    )


def _economy(live: SteppedLive, terms: dict[int, ProductTerms]) -> Economy:
    p = live.parameters
    vaults = [Vault(p.epoch_length, p.withdrawal_delay) for _ in range(2)]
    shares = (p.fee_bps, p.junior_premium_bps, p.junior_floor_bps, p.epoch_length)
    return Economy(
        cell=Cell(*shares, *vaults),
        tariff=Tariff(tuple(TABLE), RATE_UNIT),
        products={number: _product(live, each) for number, each in terms.items()},
        allowances=Allowances(p.daily_instant_ceiling, p.pause_length, p.pause_cool_down),
        default_cap=p.default_cap,
        bond_delay=p.bond_delay,
        challenge_bond=p.challenge_bond,
        appeal_window=p.appeal_window,
        max_move=p.max_move_per_frame,
    )
