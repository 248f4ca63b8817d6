"""The double-entry journal: every movement of money that the events tell, in accounts that balance;
changes when money takes a new way.

Assets are the tokens that each contract holds. What they are owed to are the other accounts:
unearned premium, floats, bonds, fees, junior and senior capital, requests and stored payments.
Amounts are token units. Each entry debits and credits the same sum, so all accounts add up to zero;
what the token itself says is compared transaction by transaction, what the contracts' views say at
checkpoints.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from backend.audit.ledger import Event, Ledger, Row

TOKENS = "tokens of "
UNEARNED = "unearned premium"
STORED_REFUNDS = "stored refunds"
TRANSIT = "premium on its way to the cell"
FLOATS = "platforms' floats"
COMMISSIONS = "commissions left in floats"
BONDS = "underwriters' bonds"
CHALLENGES = "bonds of challenges"
FEES = "treasury fees"
JUNIOR = "junior capital"
SENIOR = "senior capital"
STORED_PAYMENTS = "stored payments"
JUNIOR_REQUESTS = "junior requests"
SENIOR_REQUESTS = "senior requests"
LOCKED = "limits in force (memo)"
FREE = "capital behind limits (memo)"
RESERVE = "claims reserve (memo)"
EXPECTED = "capital behind the reserve (memo)"
GIFTS = "tokens that nobody was owed"

VIRTUAL_SHARES = 10**6
"""Shares that a vault counts beside those it minted, so that nobody can move the price of few."""
MOST_GROWTH_BITS = 20
UNBOUNDED_MINT = 2**100
CUSTODIANS = ("PolicyBook", "Facility", "Cell", "JuniorVault", "SeniorVault", "AppealBoard")
BPS = 10_000


@dataclass(frozen=True)
class Line:
    """Debit (positive) or credit (negative) of one account."""

    account: str
    amount: int


@dataclass(frozen=True)
class Entry:
    """Lines of one event; they add up to zero."""

    event: Event
    lines: tuple[Line, ...]


@dataclass
class Journal:
    """Balances and turnovers by account; assets are positive, what is owed negative."""

    balances: Counter[str] = field(default_factory=Counter)
    debits: Counter[str] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)
    floats: Counter[str] = field(default_factory=Counter)
    bonds: Counter[str] = field(default_factory=Counter)
    tokens_out: Counter[str] = field(default_factory=Counter)
    """Tokens that left a contract, by name of the event."""
    entries: int = 0

    def owed(self, account: str) -> int:
        """What stands on the credit side of an account."""
        return -self.balances[account]

    def held(self, contract: str) -> int:
        """Tokens that a contract holds."""
        return self.balances[TOKENS + contract]

    def post(self, entry: Entry) -> None:
        """Books an entry. Raises ValueError when its two sides differ."""
        if sum(line.amount for line in entry.lines) != 0:
            raise ValueError(f"{entry.event.name} at {entry.event.place} does not balance")
        self.entries += 1
        for line in entry.lines:
            self.balances[line.account] += line.amount
            side = self.debits if line.amount > 0 else self.credits
            side[line.account] += abs(line.amount)
            if line.account.startswith(TOKENS) and line.amount < 0:
                self.tokens_out[entry.event.name] -= line.amount


Rule = Callable[[Row, str], Iterable[tuple[str, str, int]]]
"""Event arguments and contract → (debit, credit, amount) of each pair."""
RULES: dict[tuple[str, str], Rule] = {}


def books(contract: str, *names: str) -> Callable[[Rule], Rule]:
    def keep(rule: Rule) -> Rule:
        for name in names:
            RULES[contract, name] = rule
        return rule

    return keep


# -- streamed policies -----------------------------------------------------------------------------


@books("PolicyBook", "PolicyBound")
def _bound(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "PolicyBook", UNEARNED, a["premium"]


@books("PolicyBook", "PolicyToppedUp")
def _topped_up(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "PolicyBook", UNEARNED, a["amount"]


@books("PolicyBook", "PremiumEarned")
def _earned(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield UNEARNED, TRANSIT, a["amount"]


@books("PolicyBook", "PolicyCancelled", "PolicyFinished")
def _refunded(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield UNEARNED, TOKENS + "PolicyBook", a["refund"]


@books("PolicyBook", "RefundStored")
def _refund_stored(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "PolicyBook", STORED_REFUNDS, a["amount"]


@books("PolicyBook", "StoredWithdrawn")
def _refund_withdrawn(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield STORED_REFUNDS, TOKENS + "PolicyBook", a["amount"]


# -- facility --------------------------------------------------------------------------------------


@books("Facility", "FloatDeposited")
def _float_in(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "Facility", FLOATS, a["amount"]


@books("Facility", "FloatWithdrawn")
def _float_out(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield FLOATS, TOKENS + "Facility", a["amount"]


@books("Facility", "FloatDrawn")
def _float_drawn(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield FLOATS, TRANSIT, a["premium"] - a["commission"]
    yield FLOATS, COMMISSIONS, a["commission"]
    yield COMMISSIONS, FLOATS, a["commission"]


@books("Facility", "BondDeposited")
def _bond_in(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "Facility", BONDS, a["amount"]


@books("Facility", "BondWithdrawn", "BondPaid")
def _bond_out(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield BONDS, TOKENS + "Facility", a["amount"]


# -- challenges ------------------------------------------------------------------------------------


@books("AppealBoard", "ClaimChallenged")
def _challenged(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "AppealBoard", CHALLENGES, a["bond"]


@books("AppealBoard", "ChallengeBondWithdrawn")
def _challenge_over(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield CHALLENGES, TOKENS + "AppealBoard", a["amount"]


# -- cell and vaults -------------------------------------------------------------------------------


def payer(ledger_names: Mapping[str, str], address: str) -> str:
    """Contract from which the cell collects."""
    return ledger_names.get(address, address)


@books("Cell", "ClaimPaid", "ClaimsPaid")
def _claim_paid(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield JUNIOR, TOKENS + "Cell", a["fromJunior"]
    yield SENIOR, TOKENS + "Cell", a["fromSenior"]
    yield LOCKED, FREE, a["amount"]


@books("Cell", "PaymentStored")
def _payment_stored(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + "Cell", STORED_PAYMENTS, a["amount"]


@books("Cell", "StoredWithdrawn")
def _payment_withdrawn(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield STORED_PAYMENTS, TOKENS + "Cell", a["amount"]


@books("Cell", "FeesWithdrawn")
def _fees_withdrawn(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield FEES, TOKENS + "Cell", a["amount"]


@books("Cell", "CapitalLocked")
def _locked(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield FREE, LOCKED, a["amount"]


@books("ExposureLedger", "BordereauExpired")
def _expired(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield LOCKED, FREE, a["released"]


@books("Cell", "CapitalReleased")
def _released(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield LOCKED, FREE, a["amount"]


@books("Cell", "ClaimsReserved")
def _reserved(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield EXPECTED, RESERVE, a["amount"]


@books("Cell", "ClaimsUnreserved")
def _unreserved(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    yield RESERVE, EXPECTED, a["amount"]


@books("Cell", "EpochSettled")
def _epoch(a: Row, _: str) -> Iterator[tuple[str, str, int]]:
    for capital, requests, vault, came, left in (
        (JUNIOR, JUNIOR_REQUESTS, "JuniorVault", a["juniorIn"], a["juniorOut"]),
        (SENIOR, SENIOR_REQUESTS, "SeniorVault", a["seniorIn"], a["seniorOut"]),
    ):
        yield requests, capital, came
        yield capital, requests, left
        yield TOKENS + "Cell", TOKENS + vault, came
        yield TOKENS + vault, TOKENS + "Cell", left


def requests_of(contract: str) -> str:
    return JUNIOR_REQUESTS if contract == "JuniorVault" else SENIOR_REQUESTS


def _deposit_requested(a: Row, contract: str) -> Iterator[tuple[str, str, int]]:
    yield TOKENS + contract, requests_of(contract), a["assets"]


def _withdrawn(a: Row, contract: str) -> Iterator[tuple[str, str, int]]:
    yield requests_of(contract), TOKENS + contract, a["assets"]


for _vault in ("JuniorVault", "SeniorVault"):
    RULES[_vault, "DepositRequest"] = _deposit_requested
    RULES[_vault, "Withdraw"] = _withdrawn


def entry_of(event: Event, names: Mapping[str, str]) -> Entry | None:
    """The entry of an event; None when it moves no money.

    :param names: address (lower case) → contract
    """
    if (event.contract, event.name) == ("Cell", "PremiumCollected"):
        a = event.args
        pairs = [
            (TRANSIT, FEES, a["fee"]),
            (TRANSIT, JUNIOR, a["toJunior"]),
            (TRANSIT, SENIOR, a["toSenior"]),
            (TOKENS + "Cell", TOKENS + payer(names, a["from"]), a["amount"]),
        ]
    else:
        rule = RULES.get((event.contract, event.name))
        if rule is None:
            return None
        pairs = list(rule(event.args, event.contract))
    lines = [
        line
        for debit, credit, amount in pairs
        for line in (Line(debit, amount), Line(credit, -amount))
        if amount
    ]
    return Entry(event, tuple(lines))


@dataclass(frozen=True)
class Rates:
    """Shares that the cell was deployed with, in hundredths of a percent."""

    fee_bps: int
    junior_premium_bps: int


@dataclass
class Bookkeeper:
    """Books events in chain order and says where they contradict themselves or the token."""

    names: Mapping[str, str]
    rates: Rates
    journal: Journal = field(default_factory=Journal)
    commissions: dict[str, int] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """Place and cause of each contradiction."""
    shares: Counter[str] = field(default_factory=Counter)
    """Shares of each vault."""
    priced: dict[str, Row] = field(default_factory=dict)
    """Vault → what it said when it was priced last."""
    unpaid: Counter[int] = field(default_factory=Counter)
    """Batch → sums insured that were not claimed yet; none once it has expired."""
    transfers: Counter[str] = field(default_factory=Counter)
    """What the token moved into each custodian."""
    _transaction: str = ""
    _booked: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    _moved: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, event: Event) -> None:
        """Books one event; at a new transaction closes the one before."""
        if event.transaction != self._transaction:
            self.close()
            self._transaction = event.transaction
        if (event.contract, event.name) == ("StableCoin", "Transfer"):
            self._transfer(event)
            return
        self._expect(event)
        entry = entry_of(event, self.names)
        if entry is None:
            return
        if sum(line.amount for line in entry.lines) != 0:
            self._say(event, "the parts of the amount do not add up to it")
            return
        self.journal.post(entry)
        for line in entry.lines:
            if line.account.startswith(TOKENS):
                self._booked[line.account.removeprefix(TOKENS)] += line.amount
        self._totals(event)

    def close(self) -> None:
        """Ends a transaction: the token must have moved what was booked; a gift is booked."""
        for contract in CUSTODIANS:
            moved, booked = self._moved[contract], self._booked[contract]
            if moved > booked and not booked:
                gift = moved - booked
                self.journal.balances[TOKENS + contract] += gift
                self.journal.balances[GIFTS] -= gift
            elif moved != booked:
                cause = f"the token moved {moved} into {contract}, the events say {booked}"
                self.wrong.append((f"transaction {self._transaction}", cause))
        if self.journal.balances[TRANSIT]:
            cause = f"{self.journal.owed(TRANSIT)} of earned premium never reached the cell"
            self.wrong.append((f"transaction {self._transaction}", cause))
            self.journal.balances[TRANSIT] = 0
        self._booked.clear()
        self._moved.clear()

    def _transfer(self, event: Event) -> None:
        a = event.args
        for side, sign in (("from", -1), ("to", 1)):
            contract = self.names.get(a[side])
            if contract in CUSTODIANS:
                self._moved[contract] += sign * a["value"]
                self.transfers[contract] += sign * a["value"]

    def _say(self, event: Event, cause: str) -> None:
        self.wrong.append((f"{event.name} at {event.place}", cause))

    def _same(self, event: Event, what: str, said: int, booked: int | None) -> None:
        if said != booked:
            self._say(event, f"{what} is {said}, booked {booked}")

    def _expect(self, event: Event) -> None:
        """What an event may say, given the balances before it."""
        a = event.args
        match event.contract, event.name:
            case "CertificateBook", ("BordereauPosted" | "BordereauCommitted"):
                self.unpaid[a["batch"]] = a["exposure"]
            case "CertificateBook", "CertificatesClaimed":
                self.unpaid[a["batch"]] -= a["amount"]
            case "ExposureLedger", "BordereauExpired":
                self._same(event, "released capital", a["released"], self.unpaid.pop(a["batch"], 0))
            case "Facility", "CommissionSet":
                self.commissions[a["platform"]] = a["bps"]
            case "Facility", "FloatDrawn":
                due = a["premium"] * self.commissions.get(a["platform"], 0) // BPS
                self._same(event, "commission", a["commission"], due)
            case "Cell", "PremiumCollected":
                fee = a["amount"] * self.rates.fee_bps // BPS
                junior = 0
                if self.journal.owed(JUNIOR):
                    share = self.rates.junior_premium_bps if self.journal.owed(SENIOR) else BPS
                    junior = (a["amount"] - fee) * share // BPS
                self._same(event, "fee", a["fee"], fee)
                self._same(event, "junior share", a["toJunior"], junior)
                self._same(event, "senior share", a["toSenior"], a["amount"] - fee - junior)
            case "Cell", ("ClaimPaid" | "ClaimsPaid"):
                junior = min(a["amount"], self.journal.owed(JUNIOR))
                self._same(event, "part of junior capital", a["fromJunior"], junior)
                self._same(event, "part of senior capital", a["fromSenior"], a["amount"] - junior)
            case "Cell", "FeesWithdrawn":
                self._same(event, "fees", a["amount"], self.journal.owed(FEES))
            case (("JuniorVault" | "SeniorVault"), "EpochPriced"):
                self._price(event)
            case "Cell", "EpochSettled":
                for vault, side in (("JuniorVault", "junior"), ("SeniorVault", "senior")):
                    said = self.priced.pop(vault, {"assetsIn": None, "assetsOut": None})
                    self._same(event, f"{side} deposits", a[f"{side}In"], said["assetsIn"])
                    self._same(event, f"{side} withdrawals", a[f"{side}Out"], said["assetsOut"])

    def _price(self, event: Event) -> None:
        """Shares are priced at capital less its part of the reserve, junior first; rounded down."""
        a, journal = event.args, self.journal
        junior, senior = journal.owed(JUNIOR), journal.owed(SENIOR)
        from_junior = min(journal.owed(RESERVE), junior)
        value = junior - from_junior
        if event.contract == "SeniorVault":
            value = senior - min(journal.owed(RESERVE) - from_junior, senior)
        self._same(event, "value", a["value"], value)
        self._same(event, "supply", a["supply"], self.shares[event.contract])
        out = a["sharesBurned"] * (value + 1) // (a["supply"] + VIRTUAL_SHARES)
        self._same(event, "assets withdrawn", a["assetsOut"], out)
        left = a["supply"] - a["sharesBurned"]
        minted = a["assetsIn"] * (left + VIRTUAL_SHARES) // (value - a["assetsOut"] + 1)
        minted = min(minted, max(UNBOUNDED_MINT, left << MOST_GROWTH_BITS))
        self._same(event, "shares minted", a["sharesMinted"], minted)
        self.shares[event.contract] = left + a["sharesMinted"]
        self.priced[event.contract] = a

    def _totals(self, event: Event) -> None:
        """Running totals that events carry, given the balances after them."""
        a, journal = event.args, self.journal
        match event.contract, event.name:
            case "Cell", ("CapitalLocked" | "CapitalReleased"):
                self._same(event, "locked capital", a["locked"], journal.owed(LOCKED))
            case "Cell", ("ClaimsReserved" | "ClaimsUnreserved"):
                self._same(event, "claims reserve", a["reserved"], journal.owed(RESERVE))
            case "Facility", ("FloatDeposited" | "FloatWithdrawn" | "FloatDrawn"):
                moved = a["amount"] if "amount" in a else a["premium"] - a["commission"]
                journal.floats[a["platform"]] += moved if event.name == "FloatDeposited" else -moved
                self._same(event, "float", a["balance"], journal.floats[a["platform"]])
            case "Facility", ("BondDeposited" | "BondWithdrawn" | "BondPaid"):
                moved = a["amount"] if event.name == "BondDeposited" else -a["amount"]
                journal.bonds[a["underwriter"]] += moved
                self._same(event, "bond", a["balance"], journal.bonds[a["underwriter"]])
        over = journal.owed(LOCKED) - journal.owed(JUNIOR) - journal.owed(SENIOR)
        if over > 0 and event.contract == "Cell":
            self._say(event, f"limits in force exceed capital by {over}")


def trial_balance(journal: Journal) -> list[tuple[str, int, int, int]]:
    """Account, debits, credits and balance of each account, by name."""
    return [
        (account, journal.debits[account], journal.credits[account], journal.balances[account])
        for account in sorted(journal.balances.keys() | journal.debits.keys())
    ]


def book(ledger: Ledger, names: Mapping[str, str], rates: Rates) -> Bookkeeper:
    """Books all events of a ledger."""
    keeper = Bookkeeper(names, rates)
    for event in ledger.events:
        keeper.take(event)
    keeper.close()
    return keeper
