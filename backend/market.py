"""What prices depend on, read at most once a block: chain time, products, scores to bind on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from contracts.client.errors import NodeRefused

from .chain.contracts import Contracts
from .chain.node import Block
from .domain.errors import Missing
from .domain.products import Form, Peril, Product, RateTable
from .domain.units import ChainTime, ProductId, RiskIndex, Score, Seconds, TokenUnits
from .ledger.tables import LedgerProduct, LedgerRisk
from .storage.database import Database

HEAD_SECONDS = 0.25
"""How long a head is taken for the latest one."""

MARGIN_SECONDS = 0.05
"""Within so long before its end a head does not count as known."""

ASKED_SECONDS = 1.0
"""How long a head is taken for the latest one while another thread asks for the next."""


class UnknownProduct(Missing):
    """No product has this number."""


class UnknownRisk(Missing):
    """No risk has this index."""


@dataclass(frozen=True, slots=True)
class BindingScore:
    """The newest uncapped median of a risk, its frame and model."""

    score: Score
    frame: int
    model_hash: str


class Market(Protocol):
    """What pricing and sale ask for."""

    def head(self) -> Block: ...
    def known_head(self) -> Block | None:
        """The head if it is known without asking the node; it stays so for a moment."""
        ...

    def product(self, number: ProductId) -> Product:
        """:raises UnknownProduct: no such product"""
        ...

    def applicant_of(self, risk: RiskIndex) -> str:
        """:raises UnknownRisk: no such risk"""
        ...

    def binding_score(self, risk: RiskIndex) -> BindingScore:
        """:raises ContractReverted: NoScore, StaleScore"""
        ...


class ChainMarket:
    """The market of a deployment. What one block said is kept until the next one is seen."""

    def __init__(
        self, database: Database, contracts: Contracts, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._contracts = contracts
        self._clock = clock
        self._head: tuple[float, Block] | None = None
        self._asking = Lock()
        self._kept: dict[tuple[str, int], Any] = {}

    def head(self) -> Block:
        """One thread asks at a time; the others go on with the last head, if it is young enough."""
        kept = self._kept_head(HEAD_SECONDS)
        if kept is not None:
            return kept
        if not self._asking.acquire(blocking=False):
            kept = self._kept_head(ASKED_SECONDS)
            if kept is not None:
                return kept
            self._asking.acquire()
        try:
            return self._ask()
        finally:
            self._asking.release()

    def known_head(self) -> Block | None:
        seconds = ASKED_SECONDS if self._asking.locked() else HEAD_SECONDS
        return self._kept_head(seconds - MARGIN_SECONDS)

    def _kept_head(self, seconds: float) -> Block | None:
        if self._head is None or self._clock() - self._head[0] >= seconds:
            return None
        return self._head[1]

    def _ask(self) -> Block:
        now = self._clock()
        block = self._contracts.node.block()
        if block is None:
            raise NodeRefused("the chain has no block")
        if self._head is None or self._head[1].hash != block.hash:
            self._kept = {}
        self._head = (now, block)
        return block

    def _once(self, kind: str, key: int, read: Callable[[], Any]) -> Any:
        self.head()
        kept = self._kept
        if (kind, key) not in kept:
            kept[kind, key] = read()
        return kept[kind, key]

    def product(self, number: ProductId) -> Product:
        found: Product = self._once("product", number, lambda: self._read_product(number))
        return found

    def _read_product(self, number: ProductId) -> Product:
        with self._database.read() as session:
            row = session.get(LedgerProduct, number)
        if row is None:
            raise UnknownProduct(f"no product {number}", product=number)
        return product_of(row)

    def applicant_of(self, risk: RiskIndex) -> str:
        found: str = self._once("applicant", risk, lambda: self._read_applicant(risk))
        return found

    def _read_applicant(self, risk: RiskIndex) -> str:
        with self._database.read() as session:
            row = session.get(LedgerRisk, risk)
        if row is None:
            raise UnknownRisk(f"no risk {risk}", risk=risk)
        return row.applicant

    def binding_score(self, risk: RiskIndex) -> BindingScore:
        found: BindingScore = self._once("score", risk, lambda: self._read_score(risk))
        return found

    def _read_score(self, risk: RiskIndex) -> BindingScore:
        score, frame, model_hash = self._contracts.view("RiskFeed", "bindingScore", risk)
        return BindingScore(Score(score), frame, model_hash)


def product_of(row: LedgerProduct) -> Product:
    """A product of the ledger as the domain knows it."""
    terms = row.terms
    return Product(
        number=ProductId(row.product),
        peril=Peril(terms["peril"]),
        form=Form(terms["form"]),
        cell=terms["cell"],
        waiting_period=Seconds(terms["waitingPeriod"]),
        coverage_lag=Seconds(terms["coverageLag"]),
        merge_gap=Seconds(terms["mergeGap"]),
        hold_window=Seconds(terms["holdWindow"]),
        challenge_window=Seconds(terms["challengeWindow"]),
        review_window=Seconds(terms["reviewWindow"]),
        claim_window=Seconds(terms["claimWindow"]),
        notice_period=Seconds(terms["noticePeriod"]),
        term=Seconds(terms["term"]),
        increase_delay=Seconds(terms["increaseDelay"]),
        unit=TokenUnits(terms["unit"]),
        max_sum_insured=TokenUnits(terms["maxSumInsured"]),
        instant_limit=TokenUnits(terms["instantLimit"]),
        unreviewed_limit=TokenUnits(terms["unreviewedLimit"]),
        terms_hash=row.terms_hash,
        table=RateTable.unpack(row.table_word, terms["rateUnit"]),
        is_open=row.is_open,
    )


def chain_time(market: Market) -> ChainTime:
    """Time of the latest block: the only clock for cover."""
    return ChainTime(market.head().timestamp)
