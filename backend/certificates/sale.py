"""Sells certificates: room in the series checked and taken, signed, stored, all or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from contracts.client.messages import Certificate, digest

from ..domain.certificates import SeriesRoom, refuse_sale, units_of
from ..domain.pricing import Refusal, premium_per_unit
from ..domain.products import Product
from ..domain.units import ChainTime, ProductId, RiskIndex, TokenUnits
from ..facility import repository as facility
from ..facility.service import HOLDER_PUSHED, find_series
from ..http.context import Services
from ..http.problems import Problem
from ..http.writes import Write
from ..ledger.tables import LedgerSeries
from ..platforms.service import find_platform
from ..quotes.service import refused
from . import repository
from .schemas import BatchOut, CertificateMessage, CertificateOut, Transaction
from .tables import SoldCertificate


def _units(product: Product, wishes: Sequence[Transaction]) -> list[int]:
    found = []
    for wish in wishes:
        units = units_of(product, TokenUnits(int(wish.sum_insured)))
        if isinstance(units, Refusal):
            raise refused(units)
        found.append(units)
    return found


def _require_new(session: Session, platform_id: str, wishes: Sequence[Transaction]) -> None:
    hashes = [wish.transaction_hash for wish in wishes]
    if len(set(hashes)) != len(hashes):
        raise Problem("transaction-covered", "the batch names a transaction twice")
    known = repository.covered_before(session, platform_id, hashes)
    if known is not None:
        raise Problem("transaction-covered", f"transaction {known} has a certificate", hash=known)


def sell(write: Write, series_id: str, wishes: Sequence[Transaction]) -> BatchOut:
    """Sells one certificate for each transaction, with contiguous serials in their order.

    :raises Problem: not-found, not-offered, transaction-covered
    :raises ContractReverted: the risk has no score that is new enough
    """
    at, session = write.at, write.session
    platform = find_platform(session, write.platform_id)
    series = find_series(session, series_id, platform.wallet)
    if series.leaf_kind == HOLDER_PUSHED and any(w.payee not in (None, w.holder) for w in wishes):
        raise Problem("not-offered", "the series pays holders", rule="payee_is_not_holder")
    product = at.market.product(ProductId(series.product))
    score = at.market.binding_score(RiskIndex(series.risk))
    units = _units(product, wishes)
    total = sum(units)
    sales = facility.lock_series(session, series, platform.id)
    _require_new(session, platform.id, wishes)
    start = ChainTime(max(at.market.head().timestamp, sales.last_start))
    room = SeriesRoom(
        serials=series.next_serial - sales.next_serial,
        units=(series.reserved - series.released) // product.unit - sales.sold_units,
        last_start=ChainTime(series.expiry_bucket - product.term),
        premium_per_unit=TokenUnits(series.premium_per_unit),
        table_premium_per_unit=premium_per_unit(product, score.score),
    )
    refusal = refuse_sale(room, len(wishes), total, start)
    if refusal is not None:
        raise refused(refusal)
    first = sales.next_serial
    messages = [
        _message(at, series, product, wish, count, first + place, start, score.frame)
        for place, (wish, count) in enumerate(zip(wishes, units, strict=True))
    ]
    domain = at.contracts.deployment.domain(Certificate)
    digests = [digest(message, domain) for message in messages]
    signatures = [at.keyring.underwriter.sign_digest(hashed) for hashed in digests]
    sales.next_serial, sales.last_start = first + len(wishes), start
    sales.sold_units += total
    session.flush()
    session.execute(
        insert(SoldCertificate),
        [
            _row(write, series_id, platform.id, message, wish, count, signature)
            for message, wish, count, signature in zip(
                messages, wishes, units, signatures, strict=True
            )
        ],
    )
    return BatchOut.model_construct(
        first_serial=first,
        certificates=[
            _out(series_id, message, hashed, signature)
            for message, hashed, signature in zip(messages, digests, signatures, strict=True)
        ],
    )


def _message(
    at: Services,
    series: LedgerSeries,
    product: Product,
    wish: Transaction,
    units: int,
    serial: int,
    start: int,
    frame: int,
) -> Certificate:
    return Certificate(
        series=bytes.fromhex(series.series[2:]),
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
        score_frame=frame,
        terms_hash=bytes.fromhex(product.terms_hash[2:]),
        serial=serial,
        commit_by=start + at.settings.commit_seconds,
        salt=secrets.token_bytes(32),
    )


def _row(
    write: Write,
    series_id: str,
    platform_id: str,
    message: Certificate,
    wish: Transaction,
    units: int,
    signature: bytes,
) -> dict[str, object]:
    return {
        "series": series_id,
        "serial": message.serial,
        "platform_id": platform_id,
        "transaction_hash": wish.transaction_hash,
        "holder": message.holder,
        "payee": message.payee,
        "units": units,
        "sum_insured": message.sum_insured,
        "premium": message.premium,
        "start": message.start,
        "end": message.end,
        "score_frame": message.score_frame,
        "commit_by": message.commit_by,
        "salt": message.salt,
        "signature": signature,
        "case_id": write.case_id,
    }


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
