"""Bodies of certificates and bordereaux."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from pydantic import Field

from contracts.client.messages import Certificate

from ..http.schemas import AddressText, Amount, Body, Digits, HashText
from ..transactions.schemas import TransactionOut

MOST_IN_BATCH = 1_000


class Transaction(Body):
    """One of the platform's transactions to cover; `payee` defaults to the holder."""

    holder: AddressText
    payee: AddressText | None = None
    transaction_hash: HashText
    sum_insured: Amount


class NewCertificate(Transaction):
    series: HashText


class NewBatch(Body):
    """Covers all transactions or none of them."""

    series: HashText
    transactions: list[Transaction] = Field(min_length=1, max_length=MOST_IN_BATCH)


class CertificateMessage(Body):
    """What the underwriter signed."""

    series: str
    platform: str
    product: int
    risk_index: int
    holder: str
    payee: str
    transaction_hash: str
    sum_insured: Digits
    premium: Digits
    start: int
    end: int
    score_frame: int
    terms_hash: str
    serial: int
    commit_by: int
    salt: str

    @classmethod
    def of(cls, message: Certificate) -> CertificateMessage:
        return cls.model_construct(
            series="0x" + message.series.hex(),
            platform=message.platform,
            product=message.product,
            risk_index=message.risk_index,
            holder=message.holder,
            payee=message.payee,
            transaction_hash="0x" + message.transaction_hash.hex(),
            sum_insured=message.sum_insured,
            premium=message.premium,
            start=message.start,
            end=message.end,
            score_frame=message.score_frame,
            terms_hash="0x" + message.terms_hash.hex(),
            serial=message.serial,
            commit_by=message.commit_by,
            salt="0x" + message.salt.hex(),
        )


class CertificateOut(Body):
    """A certificate; `batch` and `index` say where it is in a posted bordereau."""

    series: str
    serial: int
    certificate: CertificateMessage
    digest: str
    signature: str
    status: Literal["sold", "posted", "paid"]
    batch: int | None
    index: int | None


class BatchOut(Body):
    first_serial: int
    certificates: list[CertificateOut]


@dataclass(frozen=True, slots=True)
class Sold:
    """A certificate that was just signed; `units` are those of its sum insured."""

    message: Certificate
    units: int
    digest: bytes
    signature: bytes


def written(series: str, sold: Sequence[Sold]) -> bytes:
    """The first of the certificates, a `CertificateOut`, as JSON."""
    return msgspec.json.encode(_fields(series, sold[0]))


def written_batch(series: str, sold: Sequence[Sold]) -> bytes:
    """A `BatchOut` as JSON."""
    fields = [_fields(series, one) for one in sold]
    return msgspec.json.encode({"first_serial": sold[0].message.serial, "certificates": fields})


def _fields(series: str, sold: Sold) -> dict[str, Any]:
    """A new `CertificateOut`, without the time that a model takes to be made."""
    message = sold.message
    return {
        "series": series,
        "serial": message.serial,
        "certificate": {
            "series": series,
            "platform": message.platform,
            "product": message.product,
            "risk_index": message.risk_index,
            "holder": message.holder,
            "payee": message.payee,
            "transaction_hash": "0x" + message.transaction_hash.hex(),
            "sum_insured": str(message.sum_insured),
            "premium": str(message.premium),
            "start": message.start,
            "end": message.end,
            "score_frame": message.score_frame,
            "terms_hash": "0x" + message.terms_hash.hex(),
            "serial": message.serial,
            "commit_by": message.commit_by,
            "salt": "0x" + message.salt.hex(),
        },
        "digest": "0x" + sold.digest.hex(),
        "signature": "0x" + sold.signature.hex(),
        "status": "sold",
        "batch": None,
        "index": None,
    }


class NewBordereau(Body):
    series: HashText


class BordereauAccepted(Body):
    """`size` certificates are on their way to the chain; 0 when none waited."""

    series: str
    first_serial: int
    size: int
    transaction: TransactionOut | None


class BordereauOut(Body):
    """`leaf_file_hash` names the file with the leaves of a committed bordereau; null: posted."""

    batch: int
    series: str
    platform: str
    product: int
    risk: int
    first_serial: int
    size: int
    base: int
    exposure: Digits
    premium: Digits
    root: str
    leaf_file_hash: str | None
    expired: bool
    posted_at: int
    transaction_hash: str


class ProofOut(Body):
    """Inclusion of one certificate in a posted bordereau: leaf bytes and Merkle path.

    A claim on the chain brings `header`, then `leaf`; a committed bordereau has no header.
    """

    batch: int
    index: int
    root: str
    header: str
    leaf: str
    proof: list[str]
