"""Every move twice: on the real contracts and in the reference model, with the same result.

`Mirror.both` sends a transaction, takes the second at which it was mined, lets the model make the
same move at that second and compares. What one refuses the other must refuse too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from web3 import Web3

from contracts.client.certificates import PostedTree, Record
from contracts.client.development import person
from contracts.client.errors import ContractReverted
from contracts.client.messages import Certificate, digest
from contracts.client.signatures import sign
from contracts.client.sum_tree import Commitment, SumRecord, SumTree, build
from contracts.client.terms import Form, Peril, ProductTerms
from tests.model.capital import Cell, Refused, Vault
from tests.model.cover import ClaimTerms, Tariff
from tests.model.economy import Economy
from tests.support.live import DOLLAR, PARAMETERS, RATE_UNIT, TABLE, Live, Sent

RISKS = (0, 1, 2)
SOLD_ON = 0
"""The risk of the platform's certificates."""
LENDERS = ("lender_junior", "lender_senior", "stranger")
VAULTS = {"junior": "JuniorVault", "senior": "SeniorVault"}
ACCOUNTS = {
    "policy book": "PolicyBook",
    "cell": "Cell",
    "junior vault": "JuniorVault",
    "senior vault": "SeniorVault",
    "facility": "Facility",
}
PEOPLE = (*LENDERS, "holder", "platform", "underwriter", "treasurer", "applicant")
NO_LIMIT = 10**12
"""Instant and yearly limits that no claim here reaches: reviews are other tests' subject."""


@dataclass
class Sold:
    """A batch on chain, and what proves its certificates."""

    batch: int
    tree: PostedTree | SumTree
    commitment: Commitment | None

    def prove(self, places: Sequence[int]) -> Any:
        if isinstance(self.tree, PostedTree):
            return self.tree.prove(places)
        return self.tree.prove(places, self.commitment)


class Disagreement(AssertionError):
    """Contracts and model came to different results."""


class Mirror:
    """One deployed system with one product of each form, and its model."""

    def __init__(self, web3: Web3) -> None:
        self.live = live = Live(web3, replace(PARAMETERS, default_daily_limit=10**15))
        limits = {"instant_limit": NO_LIMIT, "unreviewed_limit": NO_LIMIT}
        self.terms = live.terms(Form.POLICY, Peril.SERVICE_OUTAGE, notice_period=600, **limits)
        self.sale = live.terms(Form.CERTIFICATE, Peril.SERVICE_OUTAGE, **limits)
        self.economy = _economy(live, self.terms, self.sale)
        self.product, self.sold_product = live.product(self.terms), live.product(self.sale)
        for _ in RISKS:
            live.risk()
        self.runs: list[tuple[int, int]] = []
        self.batches: dict[int, Sold] = {}
        self.series: list[tuple[Any, ...]] = []
        self._open()

    def _open(self) -> None:
        """Capital, float, bond, a first score: where every history begins."""
        for who, tranche, amount in (
            ("lender_junior", "junior", 50_000 * DOLLAR),
            ("lender_senior", "senior", 150_000 * DOLLAR),
        ):
            self.request_deposit(who, tranche, amount)
        self.settle_epoch()
        for who, tranche in (("lender_junior", "junior"), ("lender_senior", "senior")):
            self.collect_shares(who, tranche)
        self.live.facility(self.sold_product, 5_000 * DOLLAR, 40_000 * DOLLAR)
        self.economy.deposit_float(5_000 * DOLLAR)
        self.economy.deposit_bond(40_000 * DOLLAR)
        self.report(3_000)

    # ------------------------------------------------------------------ both at once

    def both(self, act: Callable[[], Sent], model: Callable[[Economy, int], Any]) -> Any:
        """The model's result; None when both refused."""
        try:
            sent = act()
        except ContractReverted as refusal:
            return self._refused(refusal, model)
        return model(self.economy, self._time(sent))

    def _refused(self, refusal: ContractReverted, model: Callable[[Economy, int], Any]) -> None:
        trial = copy.deepcopy(self.economy)
        try:
            model(trial, self.live.now)
        except Refused:
            return
        raise Disagreement(f"the contracts refused with {refusal}, the model did not")

    def _time(self, sent: Sent) -> int:
        block = self.live.web3.eth.get_block(sent.receipt["blockNumber"])
        return int(block["timestamp"])

    # ------------------------------------------------------------------ capital

    def request_deposit(self, who: str, tranche: str, amount: int) -> Any:
        vault, account = VAULTS[tranche], person(who).address
        if any(
            r.who == who and r.end > self.economy.vault(tranche).deposits.filled
            for r in self.economy.vault(tranche).deposits.requests
        ):
            return None
        self.live.give(who, amount, vault)
        return self.both(
            lambda: self.live.move(who, vault, "requestDeposit", amount, account, account),
            lambda e, now: e.request_deposit(who, tranche, amount, now) or True,
        )

    def request_redeem(self, who: str, tranche: str, shares: int) -> Any:
        account = person(who).address
        return self.both(
            lambda: self.live.move(who, VAULTS[tranche], "requestRedeem", shares, account, account),
            lambda e, now: e.request_redeem(who, tranche, shares, now) or True,
        )

    def settle_epoch(self, who: str = "relayer") -> Any:
        return self.both(
            lambda: self.live.move(who, "Cell", "settleEpoch"),
            lambda e, now: e.settle_epoch(now) or True,
        )

    def collect_shares(self, who: str, tranche: str) -> int:
        """Token units whose shares were collected."""
        vault, account = VAULTS[tranche], person(who).address
        ready = int(self.live.read(vault, "maxDeposit", account))
        assets = self.economy.collect_shares(who, tranche)
        if ready != assets:
            raise Disagreement(f"{who} may collect shares of {ready}, by the model of {assets}")
        if ready:
            self.live.move(who, vault, "deposit", ready, account)
        return ready

    def collect_assets(self, who: str, tranche: str) -> int:
        """Shares whose token units were collected."""
        vault, account = VAULTS[tranche], person(who).address
        ready = int(self.live.read(vault, "maxRedeem", account))
        shares = self.economy.collect_assets(who, tranche)
        if ready != shares:
            raise Disagreement(f"{who} may redeem {ready} shares, by the model {shares}")
        if ready:
            self.live.move(who, vault, "redeem", ready, account, account)
        return ready

    def withdraw_fees(self) -> int:
        account = person("treasurer").address
        return int(
            self.both(
                lambda: self.live.move("treasurer", "Cell", "withdrawFees", account),
                lambda e, now: e.withdraw_fees(),
            )
        )

    # ------------------------------------------------------------------ oracles

    def report(self, score: int) -> None:
        """The newest closed frame's score of every risk."""
        self.live.next_frame()
        sent = self.live.report([score] * len(RISKS))
        for risk in RISKS:
            self.economy.report(risk, score, self._time(sent))

    def outage(self, risk: int, slots: int) -> int:
        """First slot of a run that was lost and attested."""
        first = self.live.outage(risk, slots)
        self.economy.mark(risk, range(first, first + slots))
        self.runs.append((risk, first))
        return first

    # ------------------------------------------------------------------ policies

    def bind(
        self, risk: int, sum_insured: int, loss_per_hour: int, loading: int, premium: int
    ) -> int | None:
        """The policy's number; None when the cell has no room."""
        live = self.live
        quote = live.quote(self.product, risk, self.terms)
        quote = replace(
            quote,
            sum_insured=sum_insured,
            loss_per_hour=loss_per_hour,
            rate=quote.rate + loading * RATE_UNIT,
            rate_ceiling=quote.rate_ceiling + loading * RATE_UNIT,
        )
        number = len(self.economy.policies) + 1
        sums = (sum_insured, loss_per_hour)

        def model(e: Economy, now: int) -> int:
            e.bind(number, "holder", risk, sums, loading, premium, quote.term, now)
            return number

        bound = self.both(lambda: live.bind(quote, premium), model)
        if bound is None:
            self._unspent("holder", premium)
        return bound

    def _unspent(self, who: str, amount: int) -> None:
        """Tokens that were minted for a refused move."""
        self.economy.mint(who, amount)

    def top_up(self, number: int, amount: int) -> Any:
        self.live.give("holder", amount, "PolicyBook")
        done = self.both(
            lambda: self.live.move("holder", "PolicyBook", "topUp", number, amount),
            lambda e, now: e.top_up(number, amount, now) or True,
        )
        if done is None:
            self._unspent("holder", amount)
        return done

    def touch(self, number: int, who: str = "stranger") -> Any:
        return self.both(
            lambda: self.live.move(who, "PolicyBook", "touch", number),
            lambda e, now: e.touch(number, now) or True,
        )

    def cancel(self, number: int) -> Any:
        return self.both(
            lambda: self.live.move("holder", "PolicyBook", "cancel", number),
            lambda e, now: e.cancel(number, now),
        )

    def expire(self, number: int, who: str = "stranger") -> Any:
        return self.both(
            lambda: self.live.move(who, "PolicyBook", "expire", [number]),
            lambda e, now: e.expire(number, now),
        )

    def settle(self, number: int, run: int, who: str = "stranger") -> Any:
        return self.both(
            lambda: self.live.settle(number, run, who),
            lambda e, now: e.settle(number, run, now),
        )

    # ------------------------------------------------------------------ certificates

    def reserve(self, units: int, serials: int, bucket: int) -> int | None:
        """Number of the series, in the order of first reservation."""
        live = self.live
        terms = live.series(self.sold_product, SOLD_ON, bucket)
        number = self.series.index(terms) + 1 if terms in self.series else len(self.series) + 1

        def model(e: Economy, now: int) -> int:
            e.reserve(number, terms[4], bucket, units, serials)
            return number

        found = self.both(lambda: live.reserve(terms, units * DOLLAR, serials), model)
        if found is not None and found > len(self.series):
            self.series.append(terms)
        return found

    def bring(self, number: int, units: Sequence[int], committed: bool) -> int | None:
        """Posts or commits the next serials of a series; the batch's id."""
        live, series = self.live, self.economy.series[number]
        terms, base, first = self.series[number - 1], self.live.now, series.committed
        holders = [(0xA000 + first + n).to_bytes(20, "big") for n in range(len(units))]
        starts = [base + n for n in range(len(units))]
        batch = (number << 32) | first
        if committed:
            records = [
                SumRecord(holder, count, n, bytes(9)).packed()
                for n, (holder, count) in enumerate(zip(holders, units, strict=True))
            ]
            tree: PostedTree | SumTree = build(records)
        else:
            tree = PostedTree(
                b"".join(
                    Record(holder, count, n).packed()
                    for n, (holder, count) in enumerate(zip(holders, units, strict=True))
                )
            )
        last = terms[5] - self.sale.term if committed else starts[-1]

        def act() -> Sent:
            if isinstance(tree, SumTree):
                return live.commit(terms, tree.commitment(base), first)
            packed = [Record(h, u, n) for n, (h, u) in enumerate(zip(holders, units, strict=True))]
            return live.post(terms, packed, base, first)[0]

        def model(e: Economy, now: int) -> tuple[int, int]:
            e.bring(batch, number, list(units), starts, last, now)
            return batch, now

        found = self.both(act, model)
        if found is None:
            return None
        commitment = tree.commitment(base, found[1]) if isinstance(tree, SumTree) else None
        self.batches[batch] = Sold(batch, tree, commitment)
        return batch

    def settle_certificates(self, batch: int, run: int, places: Sequence[int]) -> Any:
        proof = self.batches[batch].prove(places)
        arguments = (batch, run, *proof.arguments)
        return self.both(
            lambda: self.live.move("relayer", "ClaimsDesk", "settleCertificates", *arguments),
            lambda e, now: e.settle_certificates(batch, run, list(places), now),
        )

    def expire_batch(self, batch: int) -> Any:
        commitment = self.batches[batch].commitment

        def act() -> Sent:
            if commitment is None:
                return self.live.move("stranger", "CertificateBook", "expire", [batch])
            struct = tuple(getattr(commitment, name) for name in Commitment.__slots__)
            return self.live.move("stranger", "CertificateBook", "expireCommitted", batch, struct)

        return self.both(act, lambda e, now: e.expire_batch(batch, now))

    def prove_omission(self, number: int, serial: int, units: int) -> Any:
        """A certificate that was due on chain long ago; the applicant is its payee."""
        live, terms = self.live, self.series[number - 1]
        payee = person("applicant").address
        start = terms[5] - self.sale.term - 1
        certificate = Certificate(
            series=bytes.fromhex(live.read("Facility", "seriesId", terms)[2:]),
            platform=terms[1], product=terms[2], risk_index=terms[3], holder=payee, payee=payee,
            transaction_hash=bytes(32), sum_insured=units * DOLLAR, premium=units * terms[4],
            start=start, end=start + self.sale.term, score_frame=0, terms_hash=bytes(32),
            serial=serial, commit_by=0, salt=bytes(32),
        )  # fmt: skip
        domain = live.deployment.domain(certificate)
        signature = sign(digest(certificate, domain), person("underwriter").key)
        struct = tuple(getattr(certificate, name) for name in Certificate.__slots__)
        return self.both(
            lambda: live.move("stranger", "BondDesk", "proveOmission", struct, signature),
            lambda e, now: e.prove_omission(number, serial, units, "applicant") or True,
        )

    def release_reservation(self, number: int) -> Any:
        terms = self.series[number - 1]
        identity = bytes.fromhex(self.live.read("Facility", "seriesId", terms)[2:])
        return self.both(
            lambda: self.live.move("underwriter", "Facility", "releaseReservation", identity),
            lambda e, now: e.release_reservation(number, now),
        )

    # ------------------------------------------------------------------ comparison

    def wallets(self) -> dict[str, int]:
        """Token balances on chain, by the model's names."""
        read, contracts = self.live.read, self.live.deployment.contracts
        addresses = {name: person(name).address for name in PEOPLE}
        addresses |= {name: contracts[contract] for name, contract in ACCOUNTS.items()}
        return {
            name: int(read("StableCoin", "balanceOf", address))
            for name, address in addresses.items()
        }

    def compare(self) -> None:
        """Capital and balances to the token unit, and the model's own invariants.

        :raises Disagreement: something differs
        """
        self.economy.check()
        e, read = self.economy, self.live.read
        chain = self.wallets() | {
            "assets": int(read("Cell", "assets")),
            "locked": int(read("Cell", "locked")),
            "fees": int(read("Cell", "fees")),
        }
        held, owed = (int(v) for v in read("Cell", "solvency").values())
        if not (held >= owed and chain["locked"] <= chain["assets"]):
            raise Disagreement(f"held {held}, owed {owed}, {chain}")
        model = {name: e.wallets[name] for name in PEOPLE} | {
            name: e.wallets[name] for name in ACCOUNTS if name != "facility"
        }
        model["facility"] = e.wallets["float"] + e.wallets["bond"]
        model |= {"assets": e.cell.assets, "locked": e.cell.locked, "fees": e.cell.fees}
        if chain != model:
            wrong = {k: (chain[k], model[k]) for k in chain if chain[k] != model[k]}
            raise Disagreement(f"(chain, model): {wrong}")

    def compare_all(self) -> None:
        """Also tranches, shares, bonds, and each policy's premium, at the latest block.

        :raises Disagreement: something differs
        """
        self.compare()
        e, read, now = self.economy, self.live.read, self.live.now
        pairs: dict[str, tuple[Any, Any]] = {}
        for place, tranche in enumerate(VAULTS):
            vault, capital = e.vault(tranche), getattr(e.cell, tranche)
            pairs[f"{tranche} capital"] = (read("Cell", "tranche", place)["capital"], capital)
            pairs[f"{tranche} supply"] = (read(VAULTS[tranche], "totalSupply"), vault.supply)
            for who in LENDERS:
                shares = read(VAULTS[tranche], "balanceOf", person(who).address)
                pairs[f"{tranche} of {who}"] = (shares, vault.shares[who])
        bond = read("Facility", "bondOf", person("underwriter").address)
        pairs["bond"] = (tuple(bond.values()), (e.wallets["bond"], e.uncommitted))
        pairs["held"] = (
            read("Facility", "floatOf", person("platform").address)["held"], e.held,
        )  # fmt: skip
        for number in e.policies:
            earned = read("PolicyBook", "premiumAt", number, now)["earned"]
            pairs[f"premium of {number}"] = (earned, e.premium_earned(number, now))
        wrong = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if wrong:
            raise Disagreement(f"(chain, model): {wrong}")

    # ------------------------------------------------------------------ snapshots

    def keep(self) -> tuple[str, Any]:
        """A state to come back to."""
        inner = copy.deepcopy((self.economy, self.runs, self.batches, self.series))
        return str(self.live.rpc("evm_snapshot")), (inner, self.live.salts)

    def back(self, kept: tuple[str, Any]) -> tuple[str, Any]:
        """Returns to a state, which can be returned to again under the new name."""
        self.live.rpc("evm_revert", kept[0])
        inner, self.live.salts = kept[1]
        self.economy, self.runs, self.batches, self.series = copy.deepcopy(inner)
        return self.keep()


def _economy(live: Live, terms: ProductTerms, sale: ProductTerms) -> Economy:
    p = live.parameters
    vaults = [Vault(p.epoch_length, p.withdrawal_delay) for _ in range(2)]
    shares = (p.fee_bps, p.junior_premium_bps, p.junior_floor_bps, p.epoch_length)
    return Economy(
        cell=Cell(*shares, *vaults),
        tariff=Tariff(tuple(TABLE), RATE_UNIT),
        claims=ClaimTerms(
            slot=p.slot_length,
            report_delay=p.max_report_delay,
            hold=terms.hold_window,
            lag=terms.coverage_lag,
            waiting=terms.waiting_period,
            merge_gap=terms.merge_gap,
            claim_window=terms.claim_window,
        ),
        tenor=sale.term,
        unit=sale.unit,
        max_move=p.max_move_per_frame,
    )
