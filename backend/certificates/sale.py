"""Sells certificates: room in the series checked and taken, signed, stored.

The sales of one transaction share its durable commit and nothing else: one that is refused leaves
the others alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.client.errors import ChainError
from contracts.client.messages import Certificate, digest

from ..domain.certificates import SeriesRoom, refuse_sale, units_of
from ..domain.errors import DomainError
from ..domain.pricing import Refusal, premium_per_unit
from ..domain.products import Product
from ..domain.units import ChainTime, ProductId, RiskIndex, TokenUnits
from ..facility import repository as facility
from ..facility.service import HOLDER_PUSHED, find_series
from ..facility.tables import SeriesSales
from ..http.context import Services
from ..http.gathering import Outcome
from ..http.problems import Problem
from ..http.writes import Done, Intake, conclude, earlier
from ..ledger.tables import LedgerSeries
from ..platforms.service import find_platform
from ..quotes.service import refused
from ..storage.rows import insert_rows
from . import repository
from .schemas import CertificateMessage, CertificateOut, Sold, Transaction, written, written_batch
from .tables import SoldCertificate

EXPECTED = (Problem, DomainError, ChainError)
"""What refuses one sale and says nothing about the others."""

_COLUMNS = (
    "series", "serial", "platform_id", "transaction_hash", "holder", "payee", "units",
    "sum_insured", "premium", "start", "end", "score_frame", "commit_by", "salt", "signature",
    "case_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """A request for certificates with contiguous serials, all of them or none."""

    intake: Intake
    series: str
    wishes: Sequence[Transaction]
    is_batch: bool


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the sales of a series rest on; read before their transaction holds anything."""

    product: Product
    frame: int
    least_premium: TokenUnits
    now: ChainTime


def sell(at: Services, orders: Sequence[Order]) -> list[Outcome]:
    """Sells in one durable transaction; each order's answer, or why it is refused.

    When the orders together contradict what another process has just stored, each is tried alone.

    :raises Exception: nothing was sold
    """
    try:
        return _sell(at, orders)
    except IntegrityError:
        return [_sell_alone(at, order) for order in orders]


def _sell_alone(at: Services, order: Order) -> Outcome:
    try:
        return _sell(at, [order])[0]
    except IntegrityError:
        return Problem("conflict", "a concurrent request did the same")
    except Exception as error:
        return error


def _sell(at: Services, orders: Sequence[Order]) -> list[Outcome]:
    grounds = {series: _grounds(at, series) for series in {order.series for order in orders}}
    with at.database.open_write() as session:
        found: list[Outcome | None] = [*earlier(session, [order.intake for order in orders])]
        counters = _open_counters(session, at, orders, grounds, found)
        rows: list[tuple[object, ...]] = []
        done = []
        for place, counter in counters:
            order = orders[place]
            try:
                sold = counter.take(order.wishes)
            except EXPECTED as error:
                found[place] = error
                continue
            content = (written_batch if order.is_batch else written)(order.series, sold)
            extent = f"+{len(sold)}" if order.is_batch else ""
            target = f"{order.series}/{sold[0].message.serial}{extent}"
            rows += (_row(order, one) for one in sold)
            done.append(Done(order.intake, 201, content, content, target))
            found[place] = content
        insert_rows(session, SoldCertificate, _COLUMNS, rows)
        conclude(session, done)
        at.faults.reached("sale.gathered_not_stored")
        session.commit()
    if done:
        at.faults.reached("sale.stored_not_answered")
    return [outcome for outcome in found if outcome is not None]


def _grounds(at: Services, series_id: str) -> Grounds | Exception:
    try:
        head = at.market.head()
        known = at.underwriting.get(head.hash, ("sale", series_id))
        if isinstance(known, Grounds):
            return known
        with at.database.read() as session:
            series = find_series(session, series_id, None)
        product = at.market.product(ProductId(series.product))
        score = at.market.binding_score(RiskIndex(series.risk))
        least = premium_per_unit(product, score.score)
        made = Grounds(product, score.frame, least, ChainTime(head.timestamp))
        at.underwriting.put(head.hash, ("sale", series_id), made)
        return made
    except EXPECTED as error:
        return error


def _open_counters(
    session: Session,
    at: Services,
    orders: Sequence[Order],
    grounds: dict[str, Grounds | Exception],
    found: list[Outcome | None],
) -> list[tuple[int, Counter]]:
    """The places of the orders that may be sold, each with its counter; `found` gets the refusals.

    Series are locked in one order by every process, so that none waits for another in a circle.
    """
    made: list[tuple[int, Counter]] = []
    opened: dict[tuple[str, str], Counter] = {}
    for place in sorted(range(len(orders)), key=lambda place: orders[place].series):
        if found[place] is not None:
            continue
        order = orders[place]
        basis = grounds[order.series]
        try:
            if isinstance(basis, Exception):
                raise basis
            name = (order.intake.platform_id, order.series)
            if name not in opened:
                opened[name] = Counter.open(session, at, *name, basis)
            made.append((place, opened[name]))
        except EXPECTED as error:
            found[place] = error
    for platform_id in {platform_id for platform_id, _ in opened}:
        wishes = (
            wish.transaction_hash
            for place, counter in made
            if counter.platform_id == platform_id
            for wish in orders[place].wishes
        )
        covered = repository.covered_before(session, platform_id, sorted(set(wishes)))
        for counter in opened.values():
            if counter.platform_id == platform_id:
                counter.covered = covered
    return made


class Counter:
    """A series in an open transaction, locked: gives out its serials and signs for them.

    `covered` holds the platform's transactions, of those in question, that have a certificate.
    """

    def __init__(
        self,
        at: Services,
        platform_id: str,
        series: LedgerSeries,
        sales: SeriesSales,
        grounds: Grounds,
    ) -> None:
        self._at, self._series, self._sales, self._grounds = at, series, sales, grounds
        self.platform_id = platform_id
        self.covered: set[str] = set()
        self._domain = at.contracts.deployment.domain(Certificate)
        self._id = bytes.fromhex(series.series[2:])
        self._terms_hash = bytes.fromhex(grounds.product.terms_hash[2:])

    @classmethod
    def open(
        cls, session: Session, at: Services, platform_id: str, series_id: str, grounds: Grounds
    ) -> Counter:
        """
        :raises Problem: not-found
        """
        platform = find_platform(session, platform_id)
        series = find_series(session, series_id, platform.wallet)
        sales = facility.lock_series(session, series, platform_id)
        return cls(at, platform_id, series, sales, grounds)

    def take(self, wishes: Sequence[Transaction]) -> list[Sold]:
        """Certificates for all of the wishes, or none.

        :raises Problem: not-offered, transaction-covered
        """
        series, grounds, sales = self._series, self._grounds, self._sales
        if series.leaf_kind == HOLDER_PUSHED and any(
            w.payee not in (None, w.holder) for w in wishes
        ):
            raise Problem("not-offered", "the series pays holders", rule="payee_is_not_holder")
        units = _units(grounds.product, wishes)
        hashes = self._require_new(wishes)
        start = ChainTime(max(grounds.now, sales.last_start))
        room = SeriesRoom(
            serials=series.next_serial - sales.next_serial,
            units=(series.reserved - series.released) // grounds.product.unit - sales.sold_units,
            last_start=ChainTime(series.expiry_bucket - grounds.product.term),
            premium_per_unit=TokenUnits(series.premium_per_unit),
            table_premium_per_unit=grounds.least_premium,
        )
        refusal = refuse_sale(room, len(wishes), sum(units), start)
        if refusal is not None:
            raise refused(refusal)
        first = sales.next_serial
        sales.next_serial, sales.last_start = first + len(wishes), start
        sales.sold_units += sum(units)
        self.covered |= hashes
        return [
            self._signed(wish, count, serial, start)
            for serial, (wish, count) in enumerate(zip(wishes, units, strict=True), first)
        ]

    def _require_new(self, wishes: Sequence[Transaction]) -> set[str]:
        hashes = {wish.transaction_hash for wish in wishes}
        if len(hashes) != len(wishes):
            raise Problem("transaction-covered", "the batch names a transaction twice")
        for known in hashes & self.covered:
            detail = f"transaction {known} has a certificate"
            raise Problem("transaction-covered", detail, hash=known)
        return hashes

    def _signed(self, wish: Transaction, units: int, serial: int, start: int) -> Sold:
        series, product = self._series, self._grounds.product
        message = Certificate(
            series=self._id,
            platform=series.platform,
            product=series.product,
            risk_index=series.risk,
            holder=wish.holder,
            payee=wish.payee or wish.holder,
            transaction_hash=bytes.fromhex(wish.transaction_hash[2:]),
            sum_insured=int(wish.sum_insured),
            premium=units * series.premium_per_unit,
            start=start,
            end=start + product.term,
            score_frame=self._grounds.frame,
            terms_hash=self._terms_hash,
            serial=serial,
            commit_by=start + self._at.settings.commit_seconds,
            salt=secrets.token_bytes(32),
        )
        hashed = digest(message, self._domain)
        return Sold(message, units, hashed, self._at.keyring.underwriter.sign_digest(hashed))


def _units(product: Product, wishes: Iterable[Transaction]) -> list[int]:
    found = []
    for wish in wishes:
        units = units_of(product, TokenUnits(int(wish.sum_insured)))
        if isinstance(units, Refusal):
            raise refused(units)
        found.append(units)
    return found


def _row(order: Order, sold: Sold) -> tuple[object, ...]:
    message = sold.message
    return (
        order.series, message.serial, order.intake.platform_id,
        "0x" + message.transaction_hash.hex(), message.holder, message.payee, sold.units,
        message.sum_insured, message.premium, message.start, message.end, message.score_frame,
        message.commit_by, message.salt, sold.signature, order.intake.case_id,
    )  # fmt: skip


def _out(series: str, message: Certificate, hashed: bytes, signature: bytes) -> CertificateOut:
    return CertificateOut.model_construct(
        series=series,
        serial=message.serial,
        certificate=CertificateMessage.of(message),
        digest="0x" + hashed.hex(),
        signature="0x" + signature.hex(),
        status="sold",
        batch=None,
        index=None,
    )


def certificate_out(session: Session, at: Services, row: SoldCertificate) -> CertificateOut:
    """A stored certificate with its place on the ledger."""
    series = session.get_one(LedgerSeries, row.series)
    product = at.market.product(ProductId(series.product))
    message = Certificate(
        series=bytes.fromhex(series.series[2:]),
        platform=series.platform,
        product=series.product,
        risk_index=series.risk,
        holder=row.holder,
        payee=row.payee,
        transaction_hash=bytes.fromhex(row.transaction_hash[2:]),
        sum_insured=row.sum_insured,
        premium=row.premium,
        start=row.start,
        end=row.end,
        score_frame=row.score_frame,
        terms_hash=bytes.fromhex(product.terms_hash[2:]),
        serial=row.serial,
        commit_by=row.commit_by,
        salt=row.salt,
    )
    hashed = digest(message, at.contracts.deployment.domain(message))
    out = _out(row.series, message, hashed, row.signature)
    if row.batch is None or row.index is None:
        return out
    paid = repository.is_paid(session, row.batch, row.index)
    place = {"status": "paid" if paid else "posted", "batch": row.batch, "index": row.index}
    return out.model_copy(update=place)
