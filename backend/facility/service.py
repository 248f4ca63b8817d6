"""Queues deposits and reservations, and reads what a series has left."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..chain.tables import ChainTransaction
from ..domain.pricing import premium_per_unit
from ..domain.products import Form
from ..domain.units import ProductId, RiskIndex
from ..http.context import Services
from ..http.problems import Problem
from ..http.writes import Write
from ..ledger.tables import LedgerProduct, LedgerSeries
from ..platforms.service import find_platform
from ..transactions.service import queue_approval, queue_call, require_custody
from . import repository
from .schemas import FacilityOut, NewSeries, SeriesOut
from .tables import SeriesSales

HOLDER_NETTED = 0
"""Leaf kind: leaves name holders, payouts go to the platform in one transfer."""
HOLDER_PUSHED = 2
"""Leaf kind: leaves name holders, and each is paid."""

SALES_SECONDS = 86_400
"""How long a series sells when its expiry bucket is not given."""


def deposit_float(write: Write, amount: int) -> tuple[ChainTransaction, ChainTransaction]:
    """Approval and deposit from the caller's custodied wallet.

    :raises Problem: wallet-not-custodied
    """
    wallet = find_platform(write.session, write.platform_id).wallet
    require_custody(write, wallet)
    approval = queue_approval(write, wallet, "Facility")
    key = f"float:{write.caller.tenant}:{write.key}"
    deposit = queue_call(
        write, wallet, key, "Facility", "depositFloat", wallet, amount, after=approval.id
    )
    return approval, deposit


def agree_terms(write: Write, product: int, ceiling: int) -> ChainTransaction:
    """Queues the platform's consent to an underwriter's price.

    :raises Problem: wallet-not-custodied
    :raises UnknownProduct: no such product
    """
    wallet = find_platform(write.session, write.platform_id).wallet
    require_custody(write, wallet)
    write.at.market.product(ProductId(product))
    underwriter = write.at.keyring.underwriter.address
    key = f"agree:{write.caller.tenant}:{write.key}"
    return queue_call(write, wallet, key, "Facility", "agreeTerms", underwriter, product, ceiling)


def deposit_bond(write: Write, amount: int) -> tuple[ChainTransaction, ChainTransaction]:
    """Approval and deposit from the underwriter's key."""
    sender = write.at.keyring.underwriter.address
    approval = queue_approval(write, sender, "Facility")
    key = f"bond:{write.key}"
    return approval, queue_call(
        write, sender, key, "Facility", "depositBond", amount, after=approval.id
    )


def reserve(write: Write, wish: NewSeries) -> tuple[str, int, ChainTransaction]:
    """Series id, premium per unit and the queued reservation.

    :raises Problem: not-found, not-offered
    :raises ContractReverted: the risk has no score to price on
    """
    at = write.at
    platform = find_platform(write.session, wish.platform)
    product = at.market.product(ProductId(wish.product))
    if product.form is not Form.CERTIFICATE or not product.is_open:
        raise Problem("not-offered", "not an open certificate product", rule="product_closed")
    if int(wish.exposure) % product.unit:
        raise Problem("not-offered", "exposure is in whole units", rule="not_whole_units")
    at.market.applicant_of(RiskIndex(wish.risk))
    price: int
    if wish.premium_per_unit is None:
        score = at.market.binding_score(RiskIndex(wish.risk)).score
        price = premium_per_unit(product, score)
    else:
        price = int(wish.premium_per_unit)
    kind = HOLDER_PUSHED if wish.pays == "holders" else HOLDER_NETTED
    underwriter = at.keyring.underwriter.address
    bucket = wish.expiry_bucket or at.market.head().timestamp + product.term + SALES_SECONDS
    terms = (underwriter, platform.wallet, wish.product, wish.risk, price, bucket, kind)
    series: str = at.contracts.view("Facility", "seriesId", terms)
    arguments = (terms, int(wish.exposure), wish.serials)
    key = f"reserve:{write.key}"
    return series, price, queue_call(write, underwriter, key, "Facility", "reserve", *arguments)


def facility_of(at: Services, wallet: str) -> FacilityOut:
    """The float as the contract has it."""
    balance, held, commission = at.contracts.view("Facility", "floatOf", wallet)
    return FacilityOut(
        wallet=wallet,
        balance=balance,
        held=held,
        available=balance - held,
        commission_bps=commission,
    )


def find_series(session: Session, series_id: str, wallet: str | None) -> LedgerSeries:
    """A series of the ledger; of the wallet's platform if one is given.

    :raises Problem: not-found
    """
    row = session.get(LedgerSeries, series_id)
    if row is None or (wallet is not None and row.platform != wallet):
        raise Problem("not-found", f"no series {series_id} on the ledger")
    return row


def series_out(session: Session, row: LedgerSeries) -> SeriesOut:
    """A series with its counters."""
    unit = int(session.get_one(LedgerProduct, row.product).terms["unit"])
    sales = session.get(SeriesSales, row.series)
    return SeriesOut(
        id=row.series,
        platform=row.platform,
        underwriter=row.underwriter,
        product=row.product,
        risk=row.risk,
        premium_per_unit=row.premium_per_unit,
        unit=unit,
        expiry_bucket=row.expiry_bucket,
        reserved=row.reserved - row.released,
        first_serial=row.first_serial,
        next_serial=row.next_serial,
        sold=0 if sales is None else sales.next_serial - row.first_serial,
        sold_exposure=0 if sales is None else sales.sold_units * unit,
        posted=repository.posted_count(session, row.series),
    )
