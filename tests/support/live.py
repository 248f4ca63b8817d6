"""The whole real system on one chain, and the moves that people make in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from web3 import Web3
from web3.types import TxParams, TxReceipt

from contracts.client.calls import System
from contracts.client.certificates import BatchTerms, PostedBatch, PostedTree, Record, pack
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.events import Event, EventDecoder
from contracts.client.messages import (
    AppealDecision,
    AssessorDecision,
    BordereauHeader,
    Observation,
    Quote,
    ScoreVector,
    digest,
    share_scores,
)
from contracts.client.sender import UnlockedSender
from contracts.client.signatures import keccak256, sign
from contracts.client.sum_tree import Commitment
from contracts.client.system import SystemParameters
from contracts.client.terms import LANES, Form, Peril, ProductTerms, pack_table
from tests.support.committee import Committee

DOLLAR = 1_000_000
GAS = 25_000_000
MODEL = keccak256(b"a model")
CONFIG = keccak256(b"a configuration")
RATE_UNIT = 10**14
TABLE = [100 + 50 * lane for lane in range(LANES)]
"""Rate table of the products here: 1 % to 8.5 % a year."""

PARAMETERS = SystemParameters(
    frame_length=60,
    max_frame_age=30,
    max_move_per_frame=2_500,
    slot_length=10,
    max_report_delay=600,
    rotation_delay=7 * 86_400,
    epoch_length=3_600,
    withdrawal_delay=7_200,
)
QUORUM = (0, 1, 2)
NOBODY: Mapping[int, int] = {}
ATTEST_EVERY = 40
"""Slots between attestations, well within the report delay."""


@dataclass(frozen=True)
class Sent:
    """A mined transaction: its gas and the project's events in it."""

    receipt: TxReceipt
    events: list[Event]

    @property
    def gas(self) -> int:
        return self.receipt["gasUsed"]

    def of(self, name: str) -> list[dict[str, Any]]:
        """Values of the events of one name."""
        return [event.values for event in self.events if event.name == name]

    def one(self, name: str) -> dict[str, Any]:
        """Values of the only event of that name."""
        (values,) = self.of(name)
        return values


@dataclass
class Live(System):
    """A deployed system, its committee in force, a model approved; `move` is one person's act."""

    web3: Web3
    parameters: SystemParameters = PARAMETERS
    committee: Committee = field(default_factory=Committee.of)
    salts: int = 0

    def __post_init__(self) -> None:
        sender = UnlockedSender(self.web3, person("deployer").address)
        deployment = deploy(self.web3, sender, development_people(), self.parameters)
        super().__init__(self.web3, deployment)
        self.decoder = EventDecoder(deployment.contracts)
        members = (self.committee.members(), self.committee.f, CONFIG)
        self.move("committee_admin", "OracleCommittee", "propose", *members)
        self.move("product_admin", "ModelRegistry", "approve", MODEL, 0, "model.json")
        self.next_frame()

    # -------------------------------------------------------------------- chain

    def move(self, who: str, name: str, function: str, *arguments: Any) -> Sent:
        """Sends a call from a named person.

        :raises ContractReverted: the contract refused
        """
        return self.send(who, self.transaction(name, function, *arguments))

    def send(self, who: str, transaction: TxParams) -> Sent:
        sender = UnlockedSender(self.web3, person(who).address)
        return self.decoded(sender.send({"gas": GAS, **transaction}))

    def decoded(self, receipt: TxReceipt) -> Sent:
        """A receipt with its events."""
        events = [self.decoder.decode(log) for log in receipt["logs"]]
        return Sent(receipt, [event for event in events if event is not None])

    def rpc(self, method: str, *arguments: Any) -> Any:
        return self.web3.provider.make_request(method, list(arguments))["result"]  # type: ignore[arg-type]

    @property
    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def wait(self, seconds: int) -> None:
        """Moves chain time forward and mines a block."""
        self.rpc("evm_increaseTime", seconds)
        self.rpc("evm_mine")

    def wait_until(self, time: int) -> None:
        if time > self.now:
            self.wait(time - self.now)

    # -------------------------------------------------------------------- money

    def give(self, who: str, amount: int, spender: str) -> None:
        """Mints tokens to a person and lets a contract of the system draw them."""
        self.move(who, "StableCoin", "mint", person(who).address, amount)
        self.move(who, "StableCoin", "approve", self.deployment.contracts[spender], 2**256 - 1)

    def address(self, who: str) -> str:
        return person(who).address

    def balance(self, who: str) -> int:
        return int(self.read("StableCoin", "balanceOf", person(who).address))

    def fund(self, junior: int, senior: int) -> None:
        """Lenders put capital into an empty cell and collect their shares."""
        for who, vault, amount in (
            ("lender_junior", "JuniorVault", junior),
            ("lender_senior", "SeniorVault", senior),
        ):
            account = person(who).address
            self.give(who, amount, vault)
            self.move(who, vault, "requestDeposit", amount, account, account)
        self.move("relayer", "Cell", "settleEpoch")
        for who, vault, amount in (
            ("lender_junior", "JuniorVault", junior),
            ("lender_senior", "SeniorVault", senior),
        ):
            self.move(who, vault, "deposit", amount, person(who).address)

    # -------------------------------------------------------------------- products and risks

    def terms(self, form: Form, peril: Peril, **changes: Any) -> ProductTerms:
        """Terms that a scenario can run through within minutes of chain time."""
        self.salts += 1
        terms = ProductTerms(
            peril=peril,
            form=form,
            cell=self.deployment.contracts["Cell"],
            terms_hash=keccak256(f"terms {self.salts}".encode()),
            waiting_period=30,
            coverage_lag=60,
            merge_gap=30,
            hold_window=60,
            challenge_window=60,
            review_window=600,
            claim_window=3_600,
            notice_period=3_600 if form is Form.POLICY else 0,
            term=30 * 86_400 if form is Form.POLICY else 7_200,
            increase_delay=600,
            rate_unit=RATE_UNIT,
            unit=0 if form is Form.POLICY else DOLLAR,
            max_sum_insured=100_000 * DOLLAR if form is Form.POLICY else 500 * DOLLAR,
            instant_limit=(1_000 if form is Form.POLICY else 10_000) * DOLLAR,
            unreviewed_limit=10_000 * DOLLAR,
        )
        return replace(terms, **changes)

    def product(self, terms: ProductTerms) -> int:
        """Approves the terms and registers the product."""
        self.move("product_admin", "ModelRegistry", "approve", terms.terms_hash, 1, "terms.json")
        arguments = (terms.as_struct(), pack_table(TABLE))
        sent = self.move("product_admin", "ProductBook", "register", *arguments)
        return int(sent.one("ProductRegistered")["product"])

    def risk(self, applicant: str = "applicant", base_score: int = 3_000) -> int:
        """Registers one more risk."""
        self.salts += 1
        asset = keccak256(f"asset {self.salts}".encode())
        arguments = (person(applicant).address, asset, base_score)
        sent = self.move("underwriter", "RiskRegister", "registerRisk", *arguments)
        return int(sent.one("RiskRegistered")["risk"])

    def dependency(self) -> int:
        """Registers one more dependency."""
        self.salts += 1
        name = keccak256(f"dependency {self.salts}".encode())
        sent = self.move("underwriter", "RiskRegister", "registerDependency", name)
        return int(sent.one("DependencyRegistered")["dependency"])

    # -------------------------------------------------------------------- oracles

    def report(
        self, scores: Sequence[int], first_risk: int = 0, apart: Mapping[int, int] = NOBODY
    ) -> Sent:
        """A quorum reports scores for the newest closed frame.

        :param apart: by lane, how much higher than `scores` that member's are
        """
        frame = self.now // self.parameters.frame_length - 1
        by_lane = {lane: [score + apart.get(lane, 0) for score in scores] for lane in QUORUM}
        domain = self.deployment.domain(ScoreVector)
        vectors = self.committee.vectors(domain, frame, MODEL, by_lane, first_risk)
        return self.move(
            "relayer",
            "RiskFeed",
            "report",
            self.committee.version,
            frame,
            MODEL,
            first_risk,
            share_scores(vectors),
        )

    def next_frame(self) -> None:
        """Waits until the frame that runs now has closed."""
        length = self.parameters.frame_length
        self.wait_until((self.now // length + 1) * length)

    def attest(
        self,
        subject: int,
        lost: Iterable[int],
        attacked: Iterable[int] = (),
        lanes: Sequence[int] = QUORUM,
    ) -> list[Sent]:
        """Members mark slots, given by their numbers on chain; one transaction an epoch."""
        made = self.attestations(subject, lost, attacked, lanes)
        return [self.send("relayer", transaction) for transaction in made]

    def attestations(
        self,
        subject: int,
        lost: Iterable[int],
        attacked: Iterable[int] = (),
        lanes: Sequence[int] = QUORUM,
    ) -> list[TxParams]:
        """The transactions of `attest`."""
        masks: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for kind, slots in enumerate((lost, attacked)):
            for slot in slots:
                masks[slot // 64][kind] |= 1 << (slot % 64)
        domain = self.deployment.domain(Observation)
        made = []
        for epoch, (down, attack) in sorted(masks.items()):
            by_lane = dict.fromkeys(lanes, (down, attack))
            observations = self.committee.observations(domain, subject, epoch, by_lane)
            arguments = (subject, epoch, observations)
            made.append(self.transaction("IncidentRegistry", "attest", *arguments))
        return made

    def slot(self, time: int) -> int:
        """The slot that holds a second."""
        return time // self.parameters.slot_length

    def outage(
        self, subject: int, slots: int, attacked: bool = False, into_epoch: int | None = None
    ) -> int:
        """The next `slots` slots are lost and attested as they end; gives the run's first slot.

        :param into_epoch: where in the next epoch the run begins, instead of at once
        """
        first = self.slot(self.now) + 1
        if into_epoch is not None:
            first = (first // 64 + 1) * 64 + into_epoch
        for start in range(first, first + slots, ATTEST_EVERY):
            marked = range(start, min(start + ATTEST_EVERY, first + slots))
            self.wait_until(marked.stop * self.parameters.slot_length)
            self.attest(subject, marked, marked if attacked else ())
        return first

    def settle_time(self, last_slot: int, terms: ProductTerms) -> int:
        """First second at which a slot may be settled."""
        end = (last_slot + 1) * self.parameters.slot_length
        return end + self.parameters.max_report_delay + terms.hold_window

    # -------------------------------------------------------------------- policies

    def quote(self, product: int, risk: int, terms: ProductTerms, **changes: Any) -> Quote:
        """The underwriter's offer at the table rate of the newest score."""
        score = self.read("RiskFeed", "bindingScore", risk)
        self.salts += 1
        quote = Quote(
            product=product,
            risk_index=risk,
            applicant=person("applicant").address,
            holder=person("holder").address,
            sum_insured=10_000 * DOLLAR,
            loss_per_hour=3_600 * DOLLAR,
            dependencies=0,
            rate=self.read("ProductBook", "rate", product, score["uncapped"]),
            rate_ceiling=self.read("ProductBook", "topRate", product),
            min_premium=0,
            score_frame=score["frame"],
            model_hash=bytes.fromhex(score["modelHash"][2:]),
            terms_hash=terms.terms_hash,
            term=86_400,
            salt=self.salts.to_bytes(32, "big"),
            deadline=self.now + 600,
        )
        return replace(quote, **changes)

    def bind_transaction(self, quote: Quote, premium: int) -> TxParams:
        """The binding of a quote that the underwriter signed."""
        return self.transaction("PolicyBook", "bind", *self.signed_quote(quote), premium)

    def signed_quote(self, quote: Quote) -> tuple[tuple[Any, ...], bytes]:
        """A quote as the policy book takes it, and the underwriter's signature."""
        signature = sign(digest(quote, self.deployment.domain(quote)), person("underwriter").key)
        return tuple(getattr(quote, name) for name in Quote.__slots__), signature

    def bind(self, quote: Quote, premium: int, payer: str = "holder") -> Sent:
        """Binds a quote; the payer's tokens are minted before."""
        self.give(payer, premium, "PolicyBook")
        return self.send(payer, self.bind_transaction(quote, premium))

    def policy(
        self,
        product: int,
        risk: int,
        terms: ProductTerms,
        premium: int = 50 * DOLLAR,
        **changes: Any,
    ) -> int:
        """Quotes and binds; the policy's number."""
        sent = self.bind(self.quote(product, risk, terms, **changes), premium)
        return int(sent.one("PolicyBound")["policy"])

    # -------------------------------------------------------------------- certificates

    def facility(self, product: int, float_: int, bond: int) -> None:
        """The platform pays its float in and agrees to prices; the underwriter pays its bond."""
        for who, amount in (("platform", float_), ("underwriter", bond)):
            self.give(who, amount, "Facility")
        platform, underwriter = person("platform").address, person("underwriter").address
        self.move("platform", "Facility", "depositFloat", platform, float_)
        self.move("underwriter", "Facility", "depositBond", bond)
        self.move("platform", "Facility", "agreeTerms", underwriter, product, 10**6)

    def bucket(self, terms: ProductTerms) -> int:
        """An expiry bucket for certificates that start within the next hour."""
        return self.now + 3_600 + terms.term

    def series(self, product: int, risk: int, bucket: int, kind: int = 0) -> tuple[Any, ...]:
        """A series at the table's premium."""
        price = self.read("Facility", "tablePremium", product, risk)
        people = (person("underwriter").address, person("platform").address)
        return (*people, product, risk, price, bucket, kind)

    def reserve(self, series: tuple[Any, ...], exposure: int, serials: int) -> Sent:
        return self.move("underwriter", "Facility", "reserve", series, exposure, serials)

    def post(
        self, series: tuple[Any, ...], records: Sequence[Record | None], base: int, first: int = 0
    ) -> tuple[Sent, PostedBatch]:
        """Posts a bordereau that the underwriter signed, in the newest block."""
        packed = pack(records)
        tree = PostedTree(packed)
        _, platform, product, risk, price, bucket, kind = series
        header = BordereauHeader(
            platform=platform, product=product, risk_index=risk, expiry_bucket=bucket, rate=price,
            first_serial=first, size=tree.size, base=base, exposure=tree.units * DOLLAR,
            premium=tree.units * price, leaf_kind=kind, root=tree.root, leaf_file_hash=bytes(32),
        )  # fmt: skip
        signature = sign(digest(header, self.deployment.domain(header)), person("underwriter").key)
        identity = bytes.fromhex(self.read("Facility", "seriesId", series)[2:])
        arguments = (identity, first, base, packed, signature)
        sent = self.move("relayer", "CertificateBook", "post", *arguments)
        terms = self.read("ProductBook", "termsOf", product)
        tail = terms["term"] + self.parameters.max_report_delay + terms["claimWindow"]
        of = BatchTerms(product, risk, terms["unit"], tail, terms["cell"])
        return sent, PostedBatch(tree, base, self.now, of)

    def commit(self, series: tuple[Any, ...], commitment: Commitment, first: int = 0) -> Sent:
        """Commits a bordereau that the underwriter signed."""
        _, platform, product, risk, price, bucket, kind = series
        header = BordereauHeader(
            platform=platform, product=product, risk_index=risk, expiry_bucket=bucket, rate=price,
            first_serial=first, size=commitment.size, base=commitment.base,
            exposure=commitment.units * DOLLAR, premium=commitment.units * price, leaf_kind=kind,
            root=commitment.root, leaf_file_hash=commitment.leaf_file_hash,
        )  # fmt: skip
        signature = sign(digest(header, self.deployment.domain(header)), person("underwriter").key)
        identity = bytes.fromhex(self.read("Facility", "seriesId", series)[2:])
        arguments = (identity, first, astuple(commitment), signature)
        return self.move("relayer", "CertificateBook", "commit", *arguments)

    # -------------------------------------------------------------------- claims

    def settle(self, policy: int, run: int, who: str = "relayer") -> Sent:
        return self.move(who, "ClaimsDesk", "settle", policy, run)

    def settle_certificates(
        self, batch: int, run: int, posted: PostedBatch, indices: Sequence[int]
    ) -> Sent:
        proof = posted.prove(indices)
        arguments = (batch, run, *proof.arguments)
        return self.move("relayer", "ClaimsDesk", "settleCertificates", *arguments)

    def push_certificates(
        self, batch: int, run: int, posted: PostedBatch, indices: Sequence[int]
    ) -> Sent:
        """Settles certificates of a series that pays its holders."""
        proof = posted.prove(indices)
        arguments = (batch, run, *proof.arguments, b"")
        return self.move("relayer", "ClaimsDesk", "settleCertificatesPushed", *arguments)

    def claim_id(self, policy: int, run: int) -> bytes:
        return ((policy << 64) | run).to_bytes(32, "big")

    def claim(self, policy: int, run: int) -> Mapping[str, Any]:
        view: Mapping[str, Any] = self.read("ClaimsDesk", "claimOf", self.claim_id(policy, run))
        return view

    def decide(
        self, who: str, policy: int, run: int, approve: bool = True, second: bool = False
    ) -> Sent:
        """An assessor's decision for the first round or the second, handed in by the relayer."""
        view = self.claim(policy, run)
        deadline = view["decideFrom"] + (2 if second else 1) * view["reviewWindow"] - 1
        reason = keccak256(b"a reason")
        message = AssessorDecision(self.claim_id(policy, run), approve, reason, deadline)
        signature = sign(digest(message, self.deployment.domain(message)), person(who).key)
        arguments = (message.claim, approve, reason, deadline, signature)
        return self.move("relayer", "ClaimsDesk", "decide", *arguments)

    def appeals(self) -> Committee:
        """An appeal committee of people and places of its own, in force."""
        committee = Committee.of(label="appeal")
        members = committee.members(operators="appeals of")
        arguments = (members, committee.f, CONFIG)
        self.move("committee_admin", "AppealCommittee", "propose", *arguments)
        return committee

    def decide_appeal(
        self, committee: Committee, claim: bytes, upheld: bool, lanes: Sequence[int] = QUORUM
    ) -> Sent:
        """The appeal committee's word, handed in by the relayer."""
        message = AppealDecision(claim, upheld, keccak256(b"a reason"))
        domain = self.deployment.domain(message)
        signatures = [committee.signers[lane].sign(message, domain) for lane in lanes]
        arguments = (claim, upheld, message.reason_hash, signatures)
        return self.move("relayer", "AppealBoard", "decide", *arguments)

    # -------------------------------------------------------------------- capital

    def capital(self) -> tuple[int, int]:
        """Assets and locked capital of the cell."""
        return int(self.read("Cell", "assets")), int(self.read("Cell", "locked"))
