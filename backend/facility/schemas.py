"""Bodies of float, bond and series."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..http.schemas import Amount, Body, Digits
from ..transactions.schemas import TransactionOut


class Deposit(Body):
    amount: Amount


class DepositAccepted(Body):
    """`approval` lets the contract pull tokens; it happens once a wallet."""

    approval: TransactionOut
    transaction: TransactionOut


class FacilityOut(Body):
    """The platform's float on chain; `held` is the premium of open reservations."""

    wallet: str
    balance: Digits
    held: Digits
    available: Digits
    commission_bps: int


class AgreedTerms(Body):
    """The most that the underwriter may charge the platform for one unit of a product."""

    product: int = Field(ge=1, le=0xFFFF)
    premium_ceiling: Amount


class NewSeries(Body):
    """A reservation of exposure and serials; the same terms again extend the series.

    `premium_per_unit` defaults to the table's at the newest score. `expiry_bucket` is the chain
    second at which every certificate has ended; by default a day of sales and the tenor from now.
    Claims are paid to the platform in one transfer, or to each holder.
    """

    platform: str
    product: int = Field(ge=1, le=0xFFFF)
    risk: int = Field(ge=0, le=0xFFFFFFFF)
    exposure: Amount
    serials: int = Field(ge=1, le=1_000_000)
    premium_per_unit: Amount | None = None
    expiry_bucket: int | None = Field(default=None, ge=0, le=0xFFFFFFFF)
    pays: Literal["platform", "holders"] = "platform"


class SeriesAccepted(Body):
    id: str
    premium_per_unit: Digits
    transaction: TransactionOut


class SeriesOut(Body):
    """A series on the ledger and what was sold of it.

    Serials from `first_serial` to below `next_serial` are reserved.
    """

    id: str
    platform: str
    underwriter: str
    product: int
    risk: int
    premium_per_unit: Digits
    unit: Digits
    expiry_bucket: int
    reserved: Digits
    first_serial: int
    next_serial: int
    sold: int
    sold_exposure: Digits
    posted: int
