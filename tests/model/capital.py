"""A cell and its two vaults in plain integers: who owns what of which tranche.

Written from the rules of docs/contracts/Cell.md, not from the contract: requests are a list that is
served in order, a fill is a line between two totals, every division says which way it rounds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

BPS = 10_000
VIRTUAL = 10**6
MOST_GROWTH = 2**20
UNBOUNDED = 2**100


class Refused(Exception):
    """The rules do not allow the move."""


@dataclass
class Asked:
    """One request: [begin, end) of everything ever asked for, and what was taken of it."""

    who: str
    at: int
    begin: int
    end: int
    taken: int = 0


@dataclass
class Queue:
    """Requests served in order; `fills` are (total input, total output) after each epoch."""

    requests: list[Asked] = field(default_factory=list)
    fills: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    @property
    def asked(self) -> int:
        return self.requests[-1].end if self.requests else 0

    @property
    def filled(self) -> int:
        return self.fills[-1][0]

    def ask(self, who: str, amount: int, now: int) -> None:
        """:raises Refused: the last request of the same investor waits"""
        if any(r.who == who and r.end > self.filled for r in self.requests):
            raise Refused("RequestPending")
        self.requests.append(Asked(who, now, self.asked, self.asked + amount))

    def due(self, latest: int) -> int:
        """Unfilled input that was asked for at or before `latest`."""
        ripe = max((r.end for r in self.requests if r.at <= latest), default=0)
        return max(0, ripe - self.filled)

    def fill(self, amount: int, output: int) -> None:
        total_in, total_out = self.fills[-1]
        self.fills.append((total_in + amount, total_out + output))

    def line(self, point: int) -> int:
        """Output of the first `point` of input, rounded down."""
        for (x0, y0), (x1, y1) in zip(self.fills, self.fills[1:], strict=False):
            if point <= x1:
                return y0 + (y1 - y0) * (point - x0) // (x1 - x0)
        raise AssertionError("beyond what was filled")

    def ready(self, who: str) -> tuple[int, int]:
        """Everything that was filled of one investor's requests and not taken: input, output."""
        total_in = total_out = 0
        for request in self.requests:
            upto = min(request.end, self.filled)
            start = request.begin + request.taken
            if request.who == who and upto > start:
                total_in += upto - start
                total_out += self.line(upto) - self.line(start)
        return total_in, total_out

    def collect(self, who: str) -> tuple[int, int]:
        """Takes what is ready."""
        found = self.ready(who)
        for request in self.requests:
            if request.who == who:
                request.taken = max(request.taken, min(request.end, self.filled) - request.begin)
        return found


@dataclass
class Vault:
    """Shares of one tranche."""

    deposit_delay: int
    withdrawal_delay: int
    supply: int = 0
    shares: Counter[str] = field(default_factory=Counter)
    deposits: Queue = field(default_factory=Queue)
    redeems: Queue = field(default_factory=Queue)

    def price(self, value: int, most: int, now: int) -> tuple[int, int]:
        """One epoch: (assets out, assets in)."""
        shares = self.redeems.due(now - self.withdrawal_delay)
        out = shares * (value + 1) // (self.supply + VIRTUAL)
        if out > most:
            shares = most * (self.supply + VIRTUAL) // (value + 1)
            out = shares * (value + 1) // (self.supply + VIRTUAL)
        if out:
            self.redeems.fill(shares, out)
            self.supply -= shares
        value -= out
        coming = self.deposits.due(now - self.deposit_delay if self.supply else now)
        if coming:
            minted = coming * (self.supply + VIRTUAL) // (value + 1)
            minted = min(minted, max(UNBOUNDED, self.supply * MOST_GROWTH))
            self.deposits.fill(coming, minted)
            self.supply += minted
        return out, coming


@dataclass
class Cell:
    """Capital of both tranches; `locked` never exceeds it."""

    fee_bps: int
    junior_bps: int
    floor_bps: int
    epoch_length: int
    junior_vault: Vault
    senior_vault: Vault
    junior: int = 0
    senior: int = 0
    locked: int = 0
    reserved: int = 0
    """Scheduled claims: they take value from the shares before they are paid."""
    fees: int = 0
    next_epoch: int = 0

    @property
    def assets(self) -> int:
        return self.junior + self.senior

    @property
    def values(self) -> tuple[int, int]:
        """What the junior and the senior shares are worth: reserves take it as losses would."""
        from_junior = min(self.reserved, self.junior)
        from_senior = min(self.reserved - from_junior, self.senior)
        return self.junior - from_junior, self.senior - from_senior

    def lock(self, amount: int) -> None:
        """:raises Refused: more than is free"""
        if self.locked + amount > self.assets:
            raise Refused("CapacityExceeded")
        self.locked += amount

    def release(self, amount: int) -> None:
        self.locked -= amount
        assert self.locked >= 0

    def reserve(self, amount: int) -> None:
        """A negative amount is given back."""
        self.reserved += amount
        assert self.reserved >= 0

    def premium(self, amount: int) -> None:
        """Fee first, rounded down; the junior share of the rest, rounded down."""
        fee = amount * self.fee_bps // BPS
        rest = amount - fee
        share = BPS if self.senior == 0 else self.junior_bps
        junior = 0 if self.junior == 0 else rest * share // BPS
        self.fees += fee
        self.junior += junior
        self.senior += rest - junior

    def pay(self, amount: int) -> None:
        """A loss: out of locked capital, junior first."""
        self.release(amount)
        from_junior = min(amount, self.junior)
        self.junior -= from_junior
        self.senior -= amount - from_junior
        assert self.senior >= 0

    def settle_epoch(self, now: int) -> dict[str, int]:
        """Prices both tranches; token units that each vault gets (negative: gives).

        :raises Refused: the epoch is not over
        """
        if now < self.next_epoch:
            raise Refused("EpochNotOver")
        self.next_epoch = now + self.epoch_length
        free = self.assets - self.locked
        junior_value, senior_value = self.values
        senior_out, senior_in = self.senior_vault.price(senior_value, free, now)
        floor = -(-self.locked * self.floor_bps // BPS)
        most = min(free - senior_out, max(0, self.junior - floor))
        junior_out, junior_in = self.junior_vault.price(junior_value, most, now)
        self.junior += junior_in - junior_out
        self.senior += senior_in - senior_out
        return {"junior": junior_out - junior_in, "senior": senior_out - senior_in}
