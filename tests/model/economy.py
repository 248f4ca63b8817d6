"""The whole economics as a reference: capital, policies, claims, certificates, and every balance.

Time is an argument, money integers in token units. A move that the rules refuse raises Refused and
changes nothing. `wallets` is a ledger of all tokens: what each account has, contracts included.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .capital import Cell, Refused, Vault
from .cover import ClaimTerms, Policy, Scores, Segment, Tariff


@dataclass
class Batch:
    """A bordereau: units and starts of its certificates by place; no units: a void serial."""

    series: int
    first: int
    units: list[int]
    starts: list[int]
    posted_at: int
    releasable_at: int
    paid: int = 0
    expired: bool = False


@dataclass
class Series:
    """Reserved exposure in units, and serials."""

    price: int
    bucket: int
    reserved: int = 0
    next_serial: int = 0
    committed: int = 0
    paid_serials: set[int] = field(default_factory=set)
    """Paid by the pool or by the bond, once for ever."""


@dataclass
class Economy:
    """One cell, one product of each form, one platform, one underwriter."""

    cell: Cell
    tariff: Tariff
    claims: ClaimTerms
    tenor: int
    unit: int
    max_move: int = 10_000
    scores: dict[int, Scores] = field(default_factory=dict)
    lost: dict[int, set[int]] = field(default_factory=dict)
    policies: dict[int, Policy] = field(default_factory=dict)
    series: dict[int, Series] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    wallets: Counter[str] = field(default_factory=Counter)
    held: int = 0
    uncommitted: int = 0
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
        self.mint(who, amount)
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
        """Token units whose shares are collected."""
        vault = self.vault(tranche)
        assets, shares = vault.deposits.collect(who)
        vault.shares[who] += shares
        return assets

    def collect_assets(self, who: str, tranche: str) -> int:
        """Shares whose token units are collected."""
        shares, assets = self.vault(tranche).redeems.collect(who)
        self.move(f"{tranche} vault", who, assets)
        return shares

    def withdraw_fees(self) -> int:
        fees, self.cell.fees = self.cell.fees, 0
        self.move("cell", "treasurer", fees)
        return fees

    # ------------------------------------------------------------------ policies

    def report(self, risk: int, score: int, now: int) -> None:
        """A risk's score moves by at most `max_move` with each frame."""
        path = self.scores.setdefault(risk, Scores())
        if path.moves:
            last = path.moves[-1][1]
            score = min(max(score, last - self.max_move), last + self.max_move)
        path.set(score, now)

    def mark(self, risk: int, slots: range) -> None:
        self.lost.setdefault(risk, set()).update(slots)

    def bind(
        self, number: int, holder: str, risk: int, sums: tuple[int, int], loading: int,
        premium: int, term: int, now: int,
    ) -> None:  # fmt: skip
        """Sums: insured and loss per hour."""
        self.cell.lock(sums[0])
        self.mint(holder, premium)
        self.move(holder, "policy book", premium)
        segment = Segment(now, premium)
        self.policies[number] = Policy(
            number, holder, risk, *sums, loading, now + term, segments=[segment]
        )

    def _consumed(self, policy: Policy, until: int) -> tuple[int, int]:
        return policy.consumed(self.tariff, self.scores[policy.risk], until)

    def _earn(self, policy: Policy, premium: int) -> None:
        earned = premium - policy.segment.collected
        policy.segment.collected = premium
        self.move("policy book", "cell", earned)
        self.cell.premium(earned)

    def touch(self, number: int, now: int) -> None:
        """Books what was consumed, and a lapse at its second."""
        policy = self.policies[number]
        if policy.settled or policy.stop is not None:
            return
        until = min(now, policy.end)
        second, premium = self._consumed(policy, until)
        self._earn(policy, premium)
        if second < until:
            policy.stop = second

    def top_up(self, number: int, amount: int, now: int) -> None:
        policy = self.policies[number]
        if policy.settled or now >= policy.end:
            raise Refused("PolicyNotInForce")
        self.touch(number, now)
        self.mint(policy.holder, amount)
        self.move(policy.holder, "policy book", amount)
        if policy.stop is None:
            policy.segment.funds += amount
            return
        left = policy.segment.funds - policy.segment.collected
        policy.past.append((policy.segment.start, policy.stop))
        policy.segments.append(Segment(now, left + amount))
        policy.stop = None

    def cancel(self, number: int, now: int) -> int:
        """The refund."""
        policy = self.policies[number]
        if policy.settled or now >= policy.end:
            raise Refused("PolicyNotInForce")
        return self._end(policy, now)

    def expire(self, number: int, now: int) -> int:
        """The refund."""
        policy = self.policies[number]
        if policy.released:
            return 0
        end = policy.stop if policy.settled and policy.stop is not None else policy.end
        if now < end + self.claims.report_delay + self.claims.claim_window:
            raise Refused("PolicyNotEnded")
        refund = 0 if policy.settled else self._end(policy, policy.end)
        policy.released = True
        self.cell.release(policy.sum_insured - sum(policy.granted.values()))
        return refund

    def _end(self, policy: Policy, until: int) -> int:
        if policy.stop is None:
            policy.stop, premium = self._consumed(policy, until)
            self._earn(policy, premium)
        policy.settled = True
        refund = policy.segment.funds - policy.segment.collected
        self.move("policy book", policy.holder, refund)
        return refund

    def premium_earned(self, number: int, now: int) -> int:
        """Token units that a policy consumed until now."""
        policy = self.policies[number]
        earned = sum(segment.collected for segment in policy.segments[:-1])
        if policy.settled or policy.stop is not None:
            return earned + policy.segment.collected
        return earned + self._consumed(policy, now)[1]

    # ------------------------------------------------------------------ claims

    def settle(self, number: int, run: int, now: int) -> int:
        """What a policy is paid for a run now.

        :raises Refused: nothing is due
        """
        policy = self.policies[number]
        found = self.claims.run_at(self.lost.get(policy.risk, ()), run, now)
        scores = self.scores[policy.risk]
        cover = policy.cover(self.tariff, scores, run * self.claims.slot, now)
        if policy.released or found is None or cover is None:
            raise Refused("nothing")
        (start, end), (begun, until) = found, cover
        closed = now >= until + self.claims.report_delay + self.claims.claim_window
        if closed or start < begun + self.claims.lag:
            raise Refused("nothing")
        seconds = min(end, until) - start
        granted = policy.granted.get(run, 0)
        left = policy.sum_insured - sum(policy.granted.values())
        due = min(self.claims.due(seconds, policy.loss_per_hour), granted + left)
        if due <= granted:
            raise Refused("nothing")
        policy.granted[run] = due
        self._pay(policy.holder, due - granted)
        return due - granted

    def _pay(self, who: str, amount: int) -> None:
        self.cell.pay(amount)
        self.move("cell", who, amount)

    # ------------------------------------------------------------------ certificates

    def deposit_float(self, amount: int) -> None:
        self.mint("platform", amount)
        self.move("platform", "float", amount)

    def deposit_bond(self, amount: int) -> None:
        self.mint("underwriter", amount)
        self.move("underwriter", "bond", amount)

    def reserve(self, number: int, price: int, bucket: int, units: int, serials: int) -> None:
        premium, exposure = units * price, units * self.unit
        if premium > self.wallets["float"] - self.held:
            raise Refused("FloatTooLow")
        if self.uncommitted + exposure > self.wallets["bond"]:
            raise Refused("BondTooLow")
        self.cell.lock(exposure)
        self.held += premium
        self.uncommitted += exposure
        series = self.series.setdefault(number, Series(price, bucket))
        series.reserved += units
        series.next_serial += serials

    def bring(
        self, batch: int, number: int, units: list[int], starts: list[int], last: int, now: int
    ) -> None:
        """Posted or committed: premium moves; `last` is the latest start that may be in it."""
        series, total = self.series[number], sum(units)
        if series.committed + len(units) > series.next_serial:
            raise Refused("SerialsNotReserved")
        if total > series.reserved:
            raise Refused("ReservationTooSmall")
        premium = total * series.price
        series.reserved -= total
        self.uncommitted -= total * self.unit
        self.held -= premium
        self.move("float", "cell", premium)
        self.cell.premium(premium)
        tail = self.tenor + self.claims.report_delay + self.claims.claim_window
        self.batches[batch] = Batch(
            number, series.committed, units, starts, now, releasable_at=last + tail
        )
        series.committed += len(units)

    def settle_certificates(self, batch: int, run: int, places: list[int], now: int) -> int:
        """What the platform is paid.

        :raises Refused: one of them is not covered, void or paid; the run is too short or early
        """
        row = self.batches[batch]
        found = self.claims.run_at(self.lost.get(0, ()), run, now)
        if row.expired or found is None or now >= row.releasable_at:
            raise Refused("nothing")
        start, end = found
        if end - start <= self.claims.waiting or start < row.posted_at:
            raise Refused("run")
        series = self.series[row.series]
        for place in places:
            covered = row.starts[place] + self.claims.lag <= start < row.starts[place] + self.tenor
            if not covered or row.units[place] == 0:
                raise Refused("certificate")
            if row.first + place in series.paid_serials:
                raise Refused("AlreadyClaimed")
        series.paid_serials.update(row.first + place for place in places)
        units = sum(row.units[place] for place in places)
        row.paid += units
        self._pay("platform", units * self.unit)
        return units * self.unit

    def expire_batch(self, batch: int, now: int) -> int:
        row = self.batches[batch]
        if row.expired or now < row.releasable_at:
            raise Refused("BatchNotEnded")
        row.expired = True
        freed = (sum(row.units) - row.paid) * self.unit
        self.cell.release(freed)
        return freed

    def prove_omission(self, number: int, serial: int, units: int, payee: str) -> None:
        """The bond pays a serial that was never committed."""
        series = self.series[number]
        if serial in series.paid_serials:
            raise Refused("BondPaidAlready")
        if not series.committed <= serial < series.next_serial or units > series.reserved:
            raise Refused("reservation")
        series.paid_serials.add(serial)
        series.reserved -= units
        self.uncommitted -= units * self.unit
        self.held -= units * series.price
        self.cell.release(units * self.unit)
        self.move("bond", payee, units * self.unit)

    def release_reservation(self, number: int, now: int) -> int:
        series = self.series[number]
        if now < series.bucket + self.claims.report_delay + self.claims.claim_window:
            raise Refused("ReservationOpen")
        units, series.reserved = series.reserved, 0
        series.next_serial = series.committed
        self.uncommitted -= units * self.unit
        self.held -= units * series.price
        self.cell.release(units * self.unit)
        return units * self.unit

    # ------------------------------------------------------------------ invariants

    def check(self) -> None:
        """What holds after every move."""
        live = [b for b in self.batches.values() if not b.expired]
        insured = sum(p.sum_insured for p in self.policies.values() if not p.released)
        insured -= sum(sum(p.granted.values()) for p in self.policies.values() if not p.released)
        insured += sum(s.reserved for s in self.series.values()) * self.unit
        insured += sum(sum(b.units) - b.paid for b in live) * self.unit
        assert self.cell.locked == insured <= self.cell.assets
        assert self.wallets["cell"] == self.cell.assets + self.cell.fees
        assert self.uncommitted <= self.wallets["bond"]
        assert self.held <= self.wallets["float"]
        assert sum(self.wallets.values()) == self.minted
