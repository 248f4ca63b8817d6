"""Tables of certificates and of the bordereaux that were queued for them."""

from __future__ import annotations

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Hash, Identifier, Money


class SoldCertificate(Base):
    """A signed certificate, from its sale on; `batch` and `index` once it is on the ledger."""

    __tablename__ = "certificates"

    series: Mapped[Hash] = mapped_column(primary_key=True)
    serial: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    platform_id: Mapped[Identifier]
    transaction_hash: Mapped[Hash]
    holder: Mapped[Address]
    payee: Mapped[Address]
    units: Mapped[int]
    sum_insured: Mapped[Money]
    premium: Mapped[Money]
    start: Mapped[BigInt]
    end: Mapped[BigInt]
    score_frame: Mapped[BigInt]
    commit_by: Mapped[BigInt]
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    case_id: Mapped[Identifier]
    batch: Mapped[BigInt | None] = mapped_column(index=True)
    index: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("platform_id", "transaction_hash", name="uq_certificates_transaction"),
    )


class Posting(Base):
    """A bordereau that was queued: serials from `first_serial` on, `size` of them."""

    __tablename__ = "postings"

    series: Mapped[Hash] = mapped_column(primary_key=True)
    first_serial: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    base: Mapped[BigInt]
    transaction_id: Mapped[Identifier]
    created_at: Mapped[BigInt]
