"""A whole ledger made up at random, and served as a chain: the audit's independent counterpart.

The economics are written here a third time, as naively as possible: premium is added up second by
second, a claim is a count of lost seconds, capital is a few plain numbers. Nothing is shared with
the audit but the notation of events. What is made is honest; tests falsify it afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

import httpx
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from backend.audit.abi import Declaration, Field, declare
from backend.audit.declarations import ATTEST, BIND, COMMIT, ENDORSE, POST, READ, REPORT
from contracts.client.certificates import pack_indices
from contracts.client.messages import (
    BordereauHeader,
    Domain,
    Message,
    Observation,
    Quote,
    ScoreVector,
    attested,
    digest,
    pack_scores,
)
from contracts.client.signatures import address_of, sign

CHAIN_ID = 1337
YEAR = 31_536_000
FRAME, SLOT, DELAY = 10, 5, 60
MOST_PER_FRAME, MOST_PER_DAY = 2_500, 10_000
NOBODY = 0xFFFF
UNIT = 50_000_000
TABLE = tuple(200 + 70 * tier for tier in range(16))
BASIS_POINT = 10**14
CONTRACTS = (
    "Authority", "StableCoin", "OracleCommittee", "ModelRegistry", "RiskRegister", "ProductBook",
    "RateIndex", "RiskFeed", "IncidentRegistry", "ExposureLedger", "Cell", "PolicyBook", "Facility",
    "CertificateBook", "ClaimsDesk", "JuniorVault", "SeniorVault", "AssessorPanel",
    "AppealCommittee", "AppealBoard",
)  # fmt: skip
ADDRESSES = {name: "0x" + f"{i:02x}" * 20 for i, name in enumerate(CONTRACTS, 0xA0)}
FEE_BPS, JUNIOR_BPS, COMMISSION_BPS = 500, 4_000, 1_000
TERMS = {
    "peril": 0, "form": 0, "cell": ADDRESSES["Cell"], "waitingPeriod": 6, "coverageLag": 20,
    "mergeGap": 10, "holdWindow": 4, "challengeWindow": 10, "reviewWindow": 120,
    "claimWindow": 600, "noticePeriod": 3_600, "term": 2_000, "increaseDelay": 60,
    "rateUnit": BASIS_POINT, "unit": UNIT, "maxSumInsured": 10**13,
    "instantLimit": 60_000_000, "unreviewedLimit": 10**12, "termsHash": keccak(b"wording"),
}  # fmt: skip
POLICY, CERTIFICATE = 1, 2
CEILING = 10**18
"""Most that the cell pays without review in a day: more than a made ledger ever pays."""
AMPLE = {"instantLimit": 10**18, "unreviewedLimit": 10**20}
"""Limits of the certificates' product, so that each is paid at once."""
SIGNED = ("lostMask", "attackMask", "evidenceHash", "r", "vs")
"""Members of an observation in calldata."""
SERVICE_ATTACK, SERVICE_OUTAGE, DEPENDENCY_OUTAGE = 0, 1, 2
DEPENDENCIES = (1, 2)


def dependency(index: int) -> int:
    """Under which a dependency's slots are marked."""
    return 2**32 + index


def key_of(name: str) -> bytes:
    return keccak(text=name)


def person(name: str) -> str:
    return address_of(key_of(name)).lower()


MEMBERS = sorted((f"member {i}" for i in range(4)), key=lambda name: int(person(name), 16))


def signed(message: Message, name: str) -> bytes:
    domain = Domain(message.contract, CHAIN_ID, ADDRESSES[message.contract])
    return sign(digest(message, domain), key_of(name))


def flat(field_: Field, value: Any) -> Any:
    """A value as eth_abi wants it: structs as tuples."""
    if field_.type.endswith("[]") and field_.parts:
        one = Field(field_.name, field_.type[:-2], False, field_.parts)
        return [flat(one, item) for item in value]
    if field_.parts:
        return tuple(flat(part, value[part.name]) for part in field_.parts)
    return value


def call_of(declaration: Declaration, **arguments: Any) -> bytes:
    return declaration.encode_call(*(flat(f, arguments[f.name]) for f in declaration.fields))


def log_of(declaration: Declaration, arguments: dict[str, Any]) -> tuple[list[str], str]:
    """Topics and data of an event."""
    topics = [declaration.topic]
    topics += [encode([f.type], [arguments[f.name]]) for f in declaration.fields if f.indexed]
    plain = [f for f in declaration.fields if not f.indexed]
    data = encode([f.type for f in plain], [flat(f, arguments[f.name]) for f in plain])
    return ["0x" + topic.hex() for topic in topics], "0x" + data.hex()


@dataclass(frozen=True)
class Wording:
    """What a policy insures, and its loading in basis points."""

    insured: int
    hourly: int
    loading: int
    dependencies: tuple[int, ...] = ()


@dataclass
class Piece:
    """Cover on one wording; `since` is where its lag counts from."""

    since: int
    start: int
    end: int
    wording: Wording


@dataclass(frozen=True)
class Deed:
    """Money paid in, or another wording, from a second on; `made` is when it was agreed."""

    at: int
    made: int
    change: int | Wording


@dataclass
class Policy:
    """A streamed policy; what it owes is a sum over seconds."""

    holder: str
    risk: int
    start: int
    end: int
    wording: Wording
    funds: int
    deeds: list[Deed] = field(default_factory=list)
    moved: int = 0
    paid: int = 0
    booked: int = 0
    granted: int = 0
    by_run: dict[int, int] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    """Lapses that stand on the chain."""
    over: bool = False

    @property
    def wordings(self) -> set[Wording]:
        return {self.wording} | {d.change for d in self.deeds if isinstance(d.change, Wording)}


@dataclass
class Life:
    """A policy up to a second: its pieces of cover, its premium, and whether its money ended."""

    pieces: list[Piece]
    premium: int
    lapsed: int | None

    def at(self, second: int) -> Piece | None:
        return next((p for p in self.pieces if p.start <= second < p.end), None)


@dataclass
class Batch:
    """Certificates: holder, units, and seconds from the base to the start of each."""

    risk: int
    posted: int
    base: int
    leaves: list[tuple[str, int, int]]
    committed: bool
    paid: set[int] = field(default_factory=set)

    @property
    def units(self) -> int:
        return sum(count for _, count, _ in self.leaves)

    @property
    def exposure(self) -> int:
        return self.units * UNIT

    def records(self) -> list[bytes]:
        width, salt = (3, bytes(9)) if self.committed else (2, b"")
        return [
            bytes.fromhex(holder[2:]) + count.to_bytes(2, "big") + offset.to_bytes(width, "big")
            + salt
            for holder, count, offset in self.leaves
        ]  # fmt: skip

    def packed(self) -> bytes:
        return b"".join(self.records())

    def root(self) -> bytes:
        if self.committed:
            return sum_root(self.records())
        packed = self.packed()
        return tree_root([packed[i : i + 96] for i in range(0, len(packed), 96)])


@dataclass
class Made:
    """The world so far: plain state, and the chain that it left."""

    random: Random
    risks: tuple[int, ...] = (0, 1, 2)
    now: int = 1_800_000_000
    logs: list[dict[str, Any]] = field(default_factory=list)
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, int]] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    junior: int = 0
    senior: int = 0
    locked: int = 0
    fees: int = 0
    reserved: int = 0
    float_: int = 0
    bond: int = 0
    scores: dict[int, int] = field(default_factory=dict)
    uncapped: dict[int, int] = field(default_factory=dict)
    anchors: dict[tuple[int, int], int] = field(default_factory=dict)
    last_frame: int = 0
    rates: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Risk → (second, tier) while an index of it runs."""
    policies: list[Policy] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    serial: int = 0
    marks: dict[tuple[int, int], set[str]] = field(default_factory=dict)
    """(risk, slot) → members that marked it lost; members 0 to 2 mark it attacked too."""
    masks: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    scheduled: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: set[tuple[int, int]] = field(default_factory=set)
    insured_at: dict[tuple[int, int], int] = field(default_factory=dict)
    """Sums insured by risk and first second of a run, once one of its covers is settled."""
    leaf_files: dict[str, bytes] = field(default_factory=dict)
    """Leaves of committed bordereaux by the hash of the file."""
    model: bytes = keccak(b"model")
    peril: int = 0
    commits: bool = True
    """Whether some bordereaux are committed, so that an audit needs their leaf files."""
    _open: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    # -- the chain ---------------------------------------------------------------------------------

    @contextmanager
    def transaction(
        self, to: str = "Facility", input_: bytes = b"", sender: str = "anyone"
    ) -> Iterator[None]:
        """One transaction in a block of its own; nothing happens when it emits nothing."""
        self._open = []
        yield
        number = len(self.blocks)
        name = "0x" + keccak(text=f"transaction {number}").hex()
        block = "0x" + keccak(text=f"block {number}").hex()
        self.blocks.append(
            {"number": hex(number), "hash": block, "timestamp": hex(self.now), "transactions": []}
        )
        for index, (contract, event, arguments) in enumerate(self._open):
            (declaration,) = [d for d in READ[contract].values() if d.name == event]
            topics, data = log_of(declaration, arguments)
            self.logs.append(
                {
                    "address": ADDRESSES[contract], "topics": topics, "data": data,
                    "blockNumber": hex(number), "blockHash": block, "transactionHash": name,
                    "logIndex": hex(index), "_event": (contract, event), "_arguments": arguments,
                }
            )  # fmt: skip
        self.transactions[name] = {
            "hash": name, "from": person(sender), "to": ADDRESSES[to], "input": "0x" + input_.hex(),
            "blockHash": block, "blockNumber": hex(number),
        }  # fmt: skip
        self.states.append(self.state())

    def emit(self, contract: str, name: str, **arguments: Any) -> None:
        self._open.append((contract, name, arguments))

    def move(self, sender: str, receiver: str, amount: int) -> None:
        """The token moves; contracts by name, others by address."""
        if amount == 0:
            return
        for who, sign_ in ((sender, -1), (receiver, 1)):
            if who in ADDRESSES:
                self.tokens[who] = self.tokens.get(who, 0) + sign_ * amount
        self.emit(
            "StableCoin", "Transfer",
            **{"from": ADDRESSES.get(sender, sender), "to": ADDRESSES.get(receiver, receiver)},
            value=amount,
        )  # fmt: skip

    def state(self) -> dict[str, int]:
        """What the views say."""
        return {
            "assets": self.junior + self.senior, "locked": self.locked, "fees": self.fees,
            "reserved": self.reserved, "float": self.float_, "bond": self.bond,
            **{f"tokens {name}": amount for name, amount in self.tokens.items()},
        }  # fmt: skip

    def terms(self, product: int) -> dict[str, Any]:
        """Certificates are no cover against outages of dependencies."""
        peril = self.peril if product == POLICY else self.peril % DEPENDENCY_OUTAGE
        limits = AMPLE if product == CERTIFICATE else {}
        return TERMS | {"form": product - 1, "peril": peril} | limits

    # -- beginning ---------------------------------------------------------------------------------

    def begin(self, risks: int = 3) -> None:
        with self.transaction("Authority"):
            for role, name in ((1, "underwriter"), (3, "assessor a"), (3, "assessor b")):
                self.emit(
                    "Authority", "RoleGranted", roleId=role, account=person(name), delay=0,
                    since=self.now, newMember=True,
                )  # fmt: skip
            self.emit("ModelRegistry", "HashApproved", hash=self.model, kind=0, uri="")
            self.emit(
                "OracleCommittee", "CommitteeProposed", version=1, n=4, f=1, configDigest=bytes(32),
                activeFrom=self.now - 1_000,
            )  # fmt: skip
            table = sum(lane << 16 * i for i, lane in enumerate(TABLE))
            for product in (POLICY, CERTIFICATE):
                self.emit(
                    "ProductBook", "ProductRegistered", product=product, table=table,
                    termsHash=TERMS["termsHash"], terms=self.terms(product),
                )  # fmt: skip
            for risk in range(risks):
                self.emit(
                    "RiskRegister", "RiskRegistered", risk=risk, applicant=person("applicant"),
                    assetHash=bytes(32), baseScore=3_000,
                )  # fmt: skip
        self.capital(2 * 10**12, 8 * 10**12)
        with self.transaction():
            self.emit("Facility", "CommissionSet", platform=person("platform"), bps=COMMISSION_BPS)
            self.float_ = 10**10
            self.emit(
                "Facility", "FloatDeposited", platform=person("platform"), amount=self.float_,
                balance=self.float_, **{"from": person("platform")},
            )  # fmt: skip
            self.move(person("platform"), "Facility", self.float_)
            self.bond = 10**12
            self.emit(
                "Facility", "BondDeposited", underwriter=person("underwriter"), amount=self.bond,
                balance=self.bond,
            )  # fmt: skip
            self.move(person("underwriter"), "Facility", self.bond)

    def capital(self, junior: int, senior: int) -> None:
        for vault, amount in (("JuniorVault", junior), ("SeniorVault", senior)):
            with self.transaction(vault):
                self.emit(
                    vault, "DepositRequest", controller=person("lender"), owner=person("lender"),
                    requestId=0, sender=person("lender"), assets=amount,
                )  # fmt: skip
                self.move(person("lender"), vault, amount)
        with self.transaction("Cell"):
            for vault, amount in (("SeniorVault", senior), ("JuniorVault", junior)):
                self.emit(
                    vault, "EpochPriced", value=0, supply=0, sharesBurned=0, assetsOut=0,
                    assetsIn=amount, sharesMinted=amount * 10**6,
                )  # fmt: skip
            self.junior, self.senior = self.junior + junior, self.senior + senior
            self.emit(
                "Cell", "EpochSettled", epoch=1, juniorOut=0, seniorOut=0, juniorIn=junior,
                seniorIn=senior,
            )  # fmt: skip
            self.move("JuniorVault", "Cell", junior)
            self.move("SeniorVault", "Cell", senior)

    # -- scores and rates --------------------------------------------------------------------------

    def report(self, vectors: list[list[int]] | None = None) -> None:
        """Three or four members' scores of a frame; drawn at random unless given."""
        frame = self.now // FRAME - 1
        if frame <= self.last_frame:
            return
        self.last_frame = frame
        risks = range(3)
        if vectors is None:
            base = [self.random.randrange(10_001) for _ in risks]
            count = self.random.choice((3, 4))
            vectors = [
                [min(10_000, score + self.random.randrange(3)) for score in base]
                for _ in range(count)
            ]
        packed = [pack_scores(vector) for vector in vectors]
        members = MEMBERS[: len(vectors)]
        medians = [sorted(column)[len(vectors) // 2] for column in zip(*vectors, strict=True)]
        effective, wanted = [], []
        for risk, median in enumerate(medians):
            before = self.scores.get(risk)
            if median == NOBODY:
                known = [before, self.uncapped.get(risk), 3_000]
                median = max(score for score in known if score is not None)
            score = median
            if before is not None:
                day = (risk, frame * FRAME // 86_400)
                self.anchors.setdefault(day, before)
                for origin, most in ((before, MOST_PER_FRAME), (self.anchors[day], MOST_PER_DAY)):
                    score = max(origin - most, min(origin + most, score), 0)
            self.scores[risk], self.uncapped[risk] = score, median
            effective.append(score)
            wanted.append(median)
        message = [ScoreVector(1, frame, self.model, 0, scores) for scores in packed]
        call = call_of(
            REPORT, committeeVersion=1, frame=frame, modelHash=self.model, firstRisk=0,
            vectors=[
                {"scores": vector.scores, "signature": signed(vector, name)}
                for vector, name in zip(message, members, strict=True)
            ],
        )  # fmt: skip
        with self.transaction("RiskFeed", call):
            self.emit(
                "RiskFeed", "ScoresReported", frame=frame, committeeVersion=1, firstRisk=0,
                modelHash=self.model, signerLanes=0, scores=pack_scores(effective),
                uncapped=pack_scores(wanted) if wanted != effective else b"",
            )  # fmt: skip
            self._reset()

    def _reset(self) -> None:
        changed, before, after = 0, 0, 0
        for risk, path in self.rates.items():
            tier = min(15, self.scores[risk] // 625)
            if tier != path[-1][1]:
                changed |= 1 << risk
                before |= TABLE[path[-1][1]] << 16 * risk
                after |= TABLE[tier] << 16 * risk
                path.append((self.now, tier))
        if changed:
            self.emit(
                "RateIndex", "RateReset", product=POLICY, firstRisk=0, lanes=changed,
                ratesBefore=before, ratesAfter=after,
            )  # fmt: skip

    def rate_at(self, risk: int, second: int) -> int:
        """Basis points a year in one second."""
        found = 0
        for since, tier in self.rates[risk]:
            if since <= second:
                found = TABLE[tier]
        return found

    # -- streamed policies -------------------------------------------------------------------------

    def life(self, policy: Policy, until: int) -> Life:
        """The policy's seconds before `until`, one by one."""
        wording, funds, done, points = policy.wording, policy.funds, 0, 0
        pieces = [Piece(policy.start, policy.start, policy.end, wording)]
        lapsed: int | None = None
        last_lapse = -1

        def spent(points: int) -> int:
            return ceil(Fraction(wording.insured * points, 10_000 * YEAR))

        for second in range(policy.start, min(until, policy.end)):
            for deed in policy.deeds:
                if deed.at != second:
                    continue
                if isinstance(deed.change, Wording):
                    if lapsed is not None or deed.made <= last_lapse:
                        continue
                    funds, done, points = funds - spent(points), done + spent(points), 0
                    wording, pieces[-1].end = deed.change, second
                    pieces.append(Piece(pieces[-1].since, second, policy.end, wording))
                elif lapsed is None:
                    funds += deed.change
                else:
                    funds, done = funds - spent(points) + deed.change, done + spent(points)
                    points, lapsed = 0, None
                    pieces.append(Piece(second, second, policy.end, wording))
            if lapsed is not None:
                continue
            more = points + self.rate_at(policy.risk, second) + wording.loading
            if spent(more) > funds:
                lapsed = last_lapse = pieces[-1].end = second
            else:
                points = more
        return Life(pieces, done + spent(points), lapsed)

    def owed(self, policy: Policy, until: int) -> int:
        """Premium of all seconds from the start up to `until`."""
        return self.life(policy, until).premium

    def _wording(self) -> Wording:
        named = self.random.sample(DEPENDENCIES, self.random.randrange(1, 3))
        return Wording(
            self.random.randrange(1, 50) * 10**9, self.random.randrange(1, 20_000) * 10**6,
            self.random.randrange(5),
            tuple(sorted(named)) if self.peril == DEPENDENCY_OUTAGE else (),
        )  # fmt: skip

    def _quote(self, policy: Policy, wording: Wording, salt: str) -> tuple[Quote, int]:
        """The underwriter's offer at the table's rate of the newest score, and that rate."""
        tier = min(15, self.uncapped[policy.risk] // 625)
        rate = (TABLE[tier] + wording.loading) * BASIS_POINT
        quote = Quote(
            POLICY, policy.risk, person("applicant"), policy.holder, wording.insured,
            wording.hourly, packed_set(wording.dependencies), rate, 2 * rate + 10**18, 0,
            self.last_frame, self.model, TERMS["termsHash"], TERMS["term"], keccak(text=salt),
            self.now + 60,
        )  # fmt: skip
        return quote, rate

    def bind(self, funds: int = 0) -> None:
        risk = self.random.choice(self.risks)
        if risk not in self.scores:
            return
        wording = self._wording()
        # paid for long, or for some minutes only
        funds = funds or self.random.choice(
            (10**7, wording.insured * self.random.randrange(20, 600) // (10 * YEAR))
        )
        policy = Policy(
            person("holder"), risk, self.now, self.now + TERMS["term"], wording, funds,
            paid=funds, booked=wording.insured,
        )  # fmt: skip
        tier = min(15, self.scores[risk] // 625)
        quote, rate = self._quote(policy, wording, f"salt {len(self.policies)}")
        call = call_of(
            BIND, quote=members(quote), signature=signed(quote, "underwriter"), premium=funds
        )
        with self.transaction("PolicyBook", call, "holder"):
            if risk not in self.rates:
                self.rates[risk] = [(self.now, tier)]
                self.emit(
                    "RateIndex", "IndexStarted", product=POLICY, risk=risk,
                    rate=TABLE[tier] * BASIS_POINT,
                )  # fmt: skip
            self.policies.append(policy)
            self.emit(
                "PolicyBook", "PolicyBound", policy=len(self.policies), product=POLICY, risk=risk,
                holder=policy.holder, applicant=person("applicant"), payer=policy.holder,
                quoteDigest=named(quote), sumInsured=wording.insured, lossPerHour=wording.hourly,
                dependencies=packed_set(wording.dependencies), rate=rate,
                loading=wording.loading * BASIS_POINT, premium=funds, start=policy.start,
                end=policy.end,
            )  # fmt: skip
            self.move(policy.holder, "PolicyBook", funds)
            self._lock("PolicyBook", wording.insured)

    def endorse(self, number: int = 0, by_quote: bool | None = None) -> None:
        """Another wording: by a quote after the delay, or less of it at once."""
        number = number or self._some_policy()
        if not number:
            return
        if by_quote is None:
            by_quote = self.random.random() < 0.5
        policy = self.policies[number - 1]
        later = self.now + TERMS["increaseDelay"]
        waits = any(deed.at > self.now for deed in policy.deeds)
        if waits or later >= policy.end or self.life(policy, self.now).lapsed is not None:
            return
        running = self.life(policy, self.now + 1).pieces[-1].wording
        if by_quote:
            wording = self._wording()
            quote, rate = self._quote(policy, wording, f"change {len(self.blocks)}")
            signature = signed(quote, "underwriter")
            call = call_of(ENDORSE, id=number, quote=members(quote), signature=signature)
            at, name = later, named(quote)
        else:
            less = self.random.randrange(1, 4)
            hourly = max(running.hourly // less, 1)
            wording = replace(running, insured=running.insured // less, hourly=hourly)
            rate = (self.rate_at(policy.risk, self.now) + wording.loading) * BASIS_POINT
            call, at, name = b"", self.now, bytes(32)
        with self.transaction("PolicyBook", call, "holder"):
            self._bring(number)
            policy.deeds.append(Deed(at, self.now, wording))
            self.emit(
                "PolicyBook", "PolicyEndorsed", policy=number, quoteDigest=name, at=at,
                sumInsured=wording.insured, lossPerHour=wording.hourly,
                dependencies=packed_set(wording.dependencies), rate=rate,
                loading=wording.loading * BASIS_POINT,
            )  # fmt: skip
            if wording.insured > policy.booked:
                self._lock("PolicyBook", wording.insured - policy.booked)
                policy.booked = wording.insured

    def _lock(self, by: str, amount: int) -> None:
        self.locked += amount
        self.emit("Cell", "CapitalLocked", by=ADDRESSES[by], amount=amount, locked=self.locked)

    def _collect(self, by: str, amount: int) -> None:
        """Premium goes to the cell: fee, then junior, then senior."""
        fee = floor(Fraction(amount * FEE_BPS, 10_000))
        junior = floor(Fraction((amount - fee) * JUNIOR_BPS, 10_000))
        self.fees += fee
        self.junior += junior
        self.senior += amount - fee - junior
        self.move(by, "Cell", amount)
        self.emit(
            "Cell", "PremiumCollected", amount=amount, fee=fee, toJunior=junior,
            toSenior=amount - fee - junior, **{"from": ADDRESSES[by]},
        )  # fmt: skip

    def _bring(self, number: int) -> bool:
        """Books premium and a lapse up to now; says whether cover has lapsed."""
        policy = self.policies[number - 1]
        life = self.life(policy, self.now)
        if life.lapsed is not None and life.lapsed not in policy.told:
            policy.told.add(life.lapsed)
            self.emit("PolicyBook", "PolicyLapsed", policy=number, at=life.lapsed)
        amount = life.premium - policy.moved
        if amount:
            until = life.lapsed if life.lapsed is not None else min(self.now, policy.end)
            policy.moved += amount
            self.emit("PolicyBook", "PremiumEarned", policy=number, amount=amount, until=until)
            self._collect("PolicyBook", amount)
        return life.lapsed is not None

    def touch(self, number: int = 0) -> None:
        number = number or self._some_policy()
        if number:
            with self.transaction("PolicyBook"):
                self._bring(number)

    def top_up(self) -> None:
        number = self._some_policy()
        if not number or self.now >= self.policies[number - 1].end:
            return
        policy = self.policies[number - 1]
        amount = self.random.choice((5_000_000, 2_000))
        with self.transaction("PolicyBook"):
            again = self._bring(number)
            policy.deeds.append(Deed(self.now, self.now, amount))
            policy.paid += amount
            self.emit(
                "PolicyBook", "PolicyToppedUp", policy=number, payer=policy.holder, amount=amount,
                balance=policy.paid - policy.moved, newSegment=again,
            )  # fmt: skip
            self.move(policy.holder, "PolicyBook", amount)

    def cancel(self) -> None:
        number = self._some_policy()
        if not number or self.now >= self.policies[number - 1].end:
            return
        policy = self.policies[number - 1]
        with self.transaction("PolicyBook", sender="holder"):
            self._bring(number)
            refund = policy.paid - policy.moved
            lapsed = self.life(policy, self.now).lapsed
            policy.over, policy.end = True, self.now if lapsed is None else lapsed
            self.emit("PolicyBook", "PolicyCancelled", policy=number, refund=refund, end=policy.end)
            self.move("PolicyBook", policy.holder, refund)

    def _some_policy(self) -> int:
        open_ = [i for i, policy in enumerate(self.policies, 1) if not policy.over]
        return self.random.choice(open_) if open_ else 0

    # -- certificates ------------------------------------------------------------------------------

    def post(self, committed: bool | None = None) -> None:
        """A bordereau of a series of its own, reserved, then posted or committed."""
        if committed is None:
            committed = self.commits and self.random.random() < 0.5
        risk = self.random.choice(self.risks)
        series = {
            "underwriter": person("underwriter"), "platform": person("platform"),
            "product": CERTIFICATE, "risk": risk, "premiumPerUnit": 1_700,
            "expiryBucket": self.now + 2 * TERMS["term"] + len(self.batches), "leafKind": 0,
        }  # fmt: skip
        name = keccak(text=json.dumps(series))
        leaves = [
            (person(f"buyer {i}"), self.random.randrange(1, 4), self.random.randrange(30))
            for i in range(self.random.randrange(1, 12))
        ]
        batch = Batch(risk, self.now, self.now - 30, leaves, committed)
        with self.transaction("Facility", sender="underwriter"):
            self.emit(
                "Facility", "ExposureReserved", series=name, platform=series["platform"],
                underwriter=series["underwriter"], terms=series, exposure=batch.exposure,
                firstSerial=0, serials=len(leaves),
            )  # fmt: skip
            self._lock("Facility", batch.exposure)
        premium = batch.units * series["premiumPerUnit"]
        packed, root = batch.packed(), batch.root()
        file = keccak(packed) if committed else bytes(32)
        header = BordereauHeader(
            series["platform"], CERTIFICATE, risk, series["expiryBucket"], series["premiumPerUnit"],
            0, len(leaves), batch.base, batch.exposure, premium, 0, root, file,
        )  # fmt: skip
        signature = signed(header, "underwriter")
        if committed:
            self.leaf_files[file.hex()] = packed
            commitment = {
                "root": root, "leafFileHash": file, "units": batch.units, "size": len(leaves),
                "base": batch.base, "committedAt": 0,
            }  # fmt: skip
            call = call_of(
                COMMIT, series=name, firstSerial=0, commitment=commitment, signature=signature
            )
        else:
            call = call_of(
                POST, series=name, firstSerial=0, base=batch.base, leaves=packed,
                signature=signature,
            )  # fmt: skip
        with self.transaction("CertificateBook", call):
            self.batches.append(batch)
            extra = {"leafFileHash": file} if committed else {}
            self.emit(
                "CertificateBook", "BordereauCommitted" if committed else "BordereauPosted",
                batch=len(self.batches), series=name, platform=series["platform"],
                product=CERTIFICATE, risk=risk, firstSerial=0, size=len(leaves), base=batch.base,
                exposure=batch.exposure, premium=premium, root=root, **extra,
            )  # fmt: skip
            commission = floor(Fraction(premium * COMMISSION_BPS, 10_000))
            self.float_ -= premium - commission
            self.emit(
                "Facility", "FloatDrawn", platform=series["platform"], series=name,
                premium=premium, commission=commission, balance=self.float_,
            )  # fmt: skip
            self._collect("Facility", premium - commission)

    # -- incidents ---------------------------------------------------------------------------------

    def attest(self, evidence: Callable[[str, int, int, set[int]], bytes] | None = None) -> None:
        """Three or four members mark the same slots of one risk, all just ended."""
        risk = self.random.choice(self.risks)
        last = self.now // SLOT - 1
        slots = set(range(last - self.random.randrange(2, 8), last + 1))
        members = MEMBERS[: self.random.choice((3, 4))]
        subjects = {risk: slots}
        if self.peril == DEPENDENCY_OUTAGE:
            for index in DEPENDENCIES:
                subjects[dependency(index)] = {s for s in slots if self.random.random() < 0.7}
        for subject, marked in subjects.items():
            for epoch in sorted({slot // 64 for slot in marked}):
                here = {slot for slot in marked if slot // 64 == epoch}
                self.attest_slots(subject, epoch, here, members, evidence)

    def attest_slots(
        self,
        risk: int,
        epoch: int,
        slots: set[int],
        members: list[str],
        evidence: Callable[[str, int, int, set[int]], bytes] | None = None,
    ) -> None:
        mask = sum(1 << slot % 64 for slot in slots)
        words = []
        for name in members:
            attack = mask if MEMBERS.index(name) < 3 else 0
            behind = evidence(name, risk, epoch, slots) if evidence else keccak(text=name)
            words.append((name, Observation(1, risk, epoch, mask, attack, behind)))
        call = call_of(
            ATTEST, subject=risk, epoch=epoch,
            observations=[
                dict(zip(SIGNED, attested(o, signed(o, name)), strict=True))
                for name, o in words
            ],
        )  # fmt: skip
        with self.transaction("IncidentRegistry", call):
            self.emit(
                "IncidentRegistry", "ObservationsRecorded", subject=risk, epoch=epoch,
                records=self._fresh(words, risk, epoch, slots),
            )  # fmt: skip
            lost = self._mask(risk, epoch, 3, MEMBERS)
            attacked = self._mask(risk, epoch, 2, MEMBERS[:3])
            if self.masks.get((risk, epoch)) != (lost, attacked):
                self.masks[risk, epoch] = (lost, attacked)
                self.emit(
                    "IncidentRegistry", "SlotsAttested", subject=risk, epoch=epoch, lostMask=lost,
                    attackMask=attacked,
                )  # fmt: skip

    def _fresh(
        self, words: list[tuple[str, Observation]], risk: int, epoch: int, slots: set[int]
    ) -> list[dict[str, Any]]:
        """Adds the members' marks; what those said that marked a slot for the first time."""
        records = []
        for name, o in words:
            marks = [self.marks.setdefault((risk, slot), set()) for slot in sorted(slots)]
            if all(name in marked for marked in marks):
                continue
            for marked in marks:
                marked.add(name)
            records.append(
                {
                    "member": person(name), "lostMask": o.lost_mask, "attackMask": o.attack_mask,
                    "evidenceHash": o.evidence_hash,
                }
            )  # fmt: skip
        return records

    def _mask(self, risk: int, epoch: int, needed: int, members: list[str]) -> int:
        return sum(
            1 << slot % 64
            for slot in range(epoch * 64, epoch * 64 + 64)
            if len(self.marks.get((risk, slot), set()) & set(members)) >= needed
        )

    def lost_seconds(self, peril: int, risk: int, dependencies: tuple[int, ...]) -> list[int]:
        """Every second of a closed slot that concerns a cover, with gaps under 10 s filled."""
        closed = (self.now - DELAY - TERMS["holdWindow"]) // SLOT
        seconds: set[int] = set()
        for (of, epoch), (lost, attacked) in self.masks.items():
            for bit in range(64):
                slot = epoch * 64 + bit
                if of != risk or slot >= closed or not lost >> bit & 1:
                    continue
                shared = [self.masks.get((dependency(i), epoch), (0, 0))[0] for i in dependencies]
                concerns = {
                    SERVICE_ATTACK: attacked >> bit & 1 == 1,
                    SERVICE_OUTAGE: True,
                    DEPENDENCY_OUTAGE: any(down >> bit & 1 for down in shared),
                }
                if concerns[peril]:
                    seconds |= set(range(slot * SLOT, slot * SLOT + SLOT))
        for second in sorted(seconds):
            gap = [s for s in range(second + 1, second + 11) if s in seconds]
            if gap and gap[0] - second - 1 < TERMS["mergeGap"]:
                seconds |= set(range(second, gap[0]))
        return sorted(seconds)

    def runs(self, product: int, risk: int, dependencies: tuple[int, ...] = ()) -> list[list[int]]:
        found: list[list[int]] = []
        for second in self.lost_seconds(self.terms(product)["peril"], risk, dependencies):
            if found and found[-1][-1] == second - 1:
                found[-1].append(second)
            else:
                found.append([second])
        return found

    # -- claims ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Whatever policies and certificates are due from runs that are closed."""
        for number, policy in enumerate(self.policies, 1):
            life = self.life(policy, self.now)
            for named in sorted({wording.dependencies for wording in policy.wordings}):
                for run in self.runs(POLICY, policy.risk, named):
                    piece = life.at(run[0])
                    if piece is not None and piece.wording.dependencies == named:
                        self._settle_policy(number, policy, run, life, piece)
        for number, batch in enumerate(self.batches, 1):
            for run in self.runs(CERTIFICATE, batch.risk):
                self._settle_batch(number, batch, run)

    def _settle_policy(
        self, number: int, policy: Policy, run: list[int], life: Life, piece: Piece
    ) -> None:
        start = run[0]
        # a run that may still grow is left alone, so that each claim is settled once
        if run[-1] + 1 + TERMS["mergeGap"] + SLOT > self.now - DELAY - TERMS["holdWindow"]:
            return
        if start < piece.since + TERMS["coverageLag"] or (number, start) in self.refused:
            return
        covers = [life.at(second) for second in run]
        lost = [cover for cover in covers if cover is not None and cover.since == piece.since]
        seconds = len(lost) - TERMS["waitingPeriod"]
        due = floor(Fraction(max(seconds, 0) * piece.wording.hourly, 3600))
        before = policy.by_run.get(start, 0)
        due = min(due, piece.wording.insured - (policy.granted - before)) - before
        if due <= 0:
            return
        share = self._share(policy.risk, start, piece.wording.insured)
        instant = min(due, share - min(share, before))
        policy.by_run[start] = before + due
        policy.granted += due
        claim = claim_of(number, start)
        with self.transaction("ClaimsDesk"):
            if due > instant:
                self.scheduled[number, start] = due - instant
                self.emit(
                    "ClaimsDesk", "ClaimScheduled", claim=claim, policy=number,
                    amount=due - instant, decideFrom=self.now + 10, deadline=self.now + 129,
                )  # fmt: skip
                self.reserved += due - instant
                self.emit("Cell", "ClaimsReserved", amount=due - instant, reserved=self.reserved)
            if instant:
                self.emit(
                    "ClaimsDesk", "ClaimPaid", claim=claim, policy=number, payee=policy.holder,
                    amount=instant, seconds_=max(seconds, 0), reviewed=False,
                )  # fmt: skip
                self._pay(policy.holder, instant)

    def _share(self, risk: int, start: int, insured: int) -> int:
        """A policy's part of the instant limit, by all sums insured at the run's first claim."""
        everything = self.insured_at.setdefault((risk, start), self._insured_on(risk))
        return int(TERMS["instantLimit"] * insured // max(everything, insured))

    def _insured_on(self, risk: int) -> int:
        policies = sum(policy.booked for policy in self.policies if policy.risk == risk)
        return policies + sum(batch.exposure for batch in self.batches if batch.risk == risk)

    def _pay(self, payee: str, amount: int) -> None:
        from_junior = min(amount, self.junior)
        self.junior -= from_junior
        self.senior -= amount - from_junior
        self.locked -= amount
        self.emit(
            "Cell", "ClaimPaid", payee=payee, amount=amount, fromJunior=from_junior,
            fromSenior=amount - from_junior,
        )  # fmt: skip
        self.move("Cell", payee, amount)

    def review(self) -> None:
        """Two assessors approve, or refuse, every claim that waits."""
        for (number, start), amount in self.scheduled.items():
            claim = claim_of(number, start)
            approve = self.random.random() < 0.7
            for name in ("assessor a", "assessor b"):
                with self.transaction("ClaimsDesk"):
                    self.emit(
                        "ClaimsDesk", "AssessorDecided", claim=claim, assessor=person(name),
                        approve=approve, reasonHash=bytes(32),
                    )  # fmt: skip
                    if name == "assessor b":
                        self._decided(number, start, claim, amount, approve)
        self.scheduled.clear()

    def _decided(self, number: int, start: int, claim: bytes, amount: int, approve: bool) -> None:
        policy = self.policies[number - 1]
        self.reserved -= amount
        if approve:
            self.emit("ClaimsDesk", "ClaimApproved", claim=claim, amount=amount)
            self.emit("Cell", "ClaimsUnreserved", amount=amount, reserved=self.reserved)
            self.emit(
                "ClaimsDesk", "ClaimPaid", claim=claim, policy=number, payee=policy.holder,
                amount=amount, seconds_=0, reviewed=True,
            )  # fmt: skip
            self._pay(policy.holder, amount)
        else:
            policy.granted -= amount
            self.refused.add((number, start))
            self.emit(
                "ClaimsDesk", "ClaimRefused", claim=claim, amount=amount, reasonHash=bytes(32)
            )
            self.emit("Cell", "ClaimsUnreserved", amount=amount, reserved=self.reserved)

    def _settle_batch(self, number: int, batch: Batch, run: list[int]) -> None:
        start = run[0]
        if batch.posted > start or len(run) <= TERMS["waitingPeriod"]:
            return
        due = [
            i
            for i, (_, _, offset) in enumerate(batch.leaves)
            if i not in batch.paid
            and batch.base + offset + TERMS["coverageLag"] <= start
            and start < batch.base + offset + TERMS["term"]
        ]
        if not due:
            return
        self.insured_at.setdefault((batch.risk, start), self._insured_on(batch.risk))
        batch.paid |= set(due)
        amount = sum(batch.leaves[i][1] * UNIT for i in due)
        with self.transaction("ClaimsDesk"):
            slot = start // SLOT
            self.emit(
                "CertificateBook", "CertificatesClaimed", batch=number, runStart=slot,
                indices=pack_indices(due), amount=amount,
            )  # fmt: skip
            self.emit(
                "ClaimsDesk", "CertificatesPaid", batch=number, runStart=slot,
                payee=person("platform"), amount=amount, count=len(due),
            )  # fmt: skip
            self._pay(person("platform"), amount)

    # -- a life ------------------------------------------------------------------------------------

    def live(self, steps: int) -> None:
        """Random deeds with random pauses, then time enough for everything to be settled."""
        self.begin()
        self.report()
        deeds: list[Callable[[], None]] = [
            self.report, self.report, self.bind, self.bind, self.touch, self.top_up, self.top_up,
            self.endorse, self.endorse, self.cancel, self.post, self.attest, self.attest,
            self.settle, self.review,
        ]  # fmt: skip
        for _ in range(steps):
            self.now += self.random.randrange(1, 40)
            self.random.choice(deeds)()
        self.now += 200
        self.settle()
        self.review()


def claim_of(policy: int, start: int) -> bytes:
    """A claim's id: the policy's number and the first slot of the run."""
    return (policy << 64 | start // SLOT).to_bytes(32, "big")


def packed_set(dependencies: tuple[int, ...]) -> int:
    """Dependencies as the contracts store them: 32 bits each."""
    return sum(index << 32 * lane for lane, index in enumerate(dependencies))


def members(quote: Quote) -> dict[str, Any]:
    """A quote as the argument of a call."""
    names = [part.name for part in BIND.fields[0].parts]
    return dict(zip(names, (getattr(quote, slot) for slot in quote.__slots__), strict=True))


def named(quote: Quote) -> bytes:
    """A quote's digest."""
    return digest(quote, Domain("PolicyBook", CHAIN_ID, ADDRESSES["PolicyBook"]))


def tree_root(leaves: list[bytes]) -> bytes:
    """Root of a tree of 96-byte leaves, the last one filled with zeros; a missing right child is
    zero."""
    nodes = [keccak(leaf + bytes(96 - len(leaf))) for leaf in leaves]
    while len(nodes) > 1:
        pairs = [(nodes[i], nodes[i + 1] if i + 1 < len(nodes) else bytes(32))
                 for i in range(0, len(nodes), 2)]  # fmt: skip
        nodes = [keccak(left + right) for left, right in pairs]
    return nodes[0]


def sum_root(records: list[bytes]) -> bytes:
    """Root of a sum tree: a node hashes its level, and hash and units of both its children."""

    def of(level: int, at: int) -> tuple[bytes, int]:
        if at * 2**level >= len(records):
            return bytes(32), 0
        if level == 0:
            return keccak(records[at]), int.from_bytes(records[at][20:22], "big")
        halves = [of(level - 1, 2 * at), of(level - 1, 2 * at + 1)]
        hashed = b"".join(hash_ + units.to_bytes(8, "big") for hash_, units in halves)
        return keccak(bytes([level]) + hashed), sum(units for _, units in halves)

    return of((len(records) - 1).bit_length(), 0)[0]


# -- the endpoint --------------------------------------------------------------------------------


@dataclass
class Endpoint(httpx.BaseTransport):
    """Answers JSON-RPC from a made ledger; tests falsify `made` or wrap `answer`."""

    made: Made

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.read())
        if isinstance(body, list):
            return httpx.Response(200, json=[self._one(one) for one in body])
        return httpx.Response(200, json=self._one(body))

    def _one(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": body["id"], "result": self.answer(body["method"], body["params"])}

    def answer(self, method: str, params: list[Any]) -> Any:
        made = self.made
        match method:
            case "eth_chainId":
                return hex(CHAIN_ID)
            case "eth_getBlockByNumber":
                number = len(made.blocks) - 1 if params[0] == "latest" else int(params[0], 16)
                return made.blocks[number] if number < len(made.blocks) else None
            case "eth_getLogs":
                first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
                return [
                    {k: v for k, v in log.items() if not k.startswith("_")}
                    for log in made.logs
                    if first <= int(log["blockNumber"], 16) <= last
                    and log["address"] in params[0]["address"]
                ]
            case "eth_getTransactionByHash":
                return made.transactions.get(params[0])
            case "eth_call":
                data = bytes.fromhex(params[0]["data"][2:])
                return "0x" + self.view(params[0]["to"], data, int(params[1], 16)).hex()
        raise AssertionError(method)

    def view(self, address: str, data: bytes, block: int) -> bytes:
        """What the contracts' views say at a block."""
        state = self.made.states[block]
        numbers = {
            "frameLength()": FRAME, "slotLength()": SLOT, "maxReportDelay()": DELAY,
            "feeBps()": FEE_BPS, "juniorPremiumBps()": JUNIOR_BPS, "dailyInstantCeiling()": CEILING,
            **{f"{name}()": state[name] for name in ("assets", "locked", "fees", "reserved")},
        }  # fmt: skip
        for text, value in numbers.items():
            if data == declare(text).selector:
                return encode(["uint256"], [value])
        if data == declare("changeCaps()").selector:
            return encode(["uint256", "uint256"], [MOST_PER_FRAME, MOST_PER_DAY])
        if data[:4] == declare("members(uint32 version)").selector:
            members = [
                (person(name), bytes(32), bytes(32), i < 3) for i, name in enumerate(MEMBERS)
            ]
            return encode(["(address,bytes32,bytes32,bool)[]"], [members])
        if data[:4] == declare("balanceOf(address account)").selector:
            names = {address: name for name, address in ADDRESSES.items()}
            return encode(["uint256"], [state.get(f"tokens {names['0x' + data[16:].hex()]}", 0)])
        if data[:4] == declare("floatOf(address platform)").selector:
            return encode(["uint128", "uint128", "uint16"], [state["float"], 0, COMMISSION_BPS])
        if data[:4] == declare("bondOf(address underwriter)").selector:
            return encode(["uint128", "uint128"], [state["bond"], 0])
        if data[:4] == declare("premiumAt(uint64 policy, uint40 time)").selector:
            policy = self.made.policies[int.from_bytes(data[4:36], "big") - 1]
            until = int.from_bytes(data[36:68], "big")
            return encode(["uint128", "uint128"], [self.made.owed(policy, until), 0])
        raise AssertionError(f"no view {data[:4].hex()} of {address}")
