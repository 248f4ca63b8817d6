"""Ledger tables: each row is the fold of one object's events, folded anew after a reorg."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..storage.types import Address, Base, BigInt, Hash, Money


class LedgerProduct(Base):
    __tablename__ = "ledger_products"

    product: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    terms_hash: Mapped[Hash]
    terms: Mapped[dict[str, Any]]
    table_word: Mapped[Money]
    is_open: Mapped[bool]


class LedgerRisk(Base):
    __tablename__ = "ledger_risks"

    risk: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    applicant: Mapped[Address]
    asset_hash: Mapped[Hash] = mapped_column(index=True)
    base_score: Mapped[int]


class LedgerScore(Base):
    """A risk's score in one reported frame: effective (capped), and the median before the caps."""

    __tablename__ = "ledger_scores"

    risk: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    frame: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    first_risk: Mapped[BigInt]
    score: Mapped[int]
    uncapped: Mapped[int]
    model_hash: Mapped[Hash]
    reported_at: Mapped[BigInt]
    transaction_hash: Mapped[Hash]


class LedgerRate(Base):
    """The rate index of a product and risk: its rate now, and whether it runs."""

    __tablename__ = "ledger_rates"

    product: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    risk: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    rate: Mapped[Money]
    running: Mapped[bool]


class LedgerRateReset(Base):
    """One risk's part of a rate reset, rates 1e18 per year."""

    __tablename__ = "ledger_rate_resets"

    block_hash: Mapped[Hash] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    risk: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    product: Mapped[int]
    rate_before: Mapped[Money]
    rate_after: Mapped[Money]
    block_number: Mapped[BigInt]
    reset_at: Mapped[BigInt]
    transaction_hash: Mapped[Hash]

    __table_args__ = (Index("ix_ledger_rate_resets_risk", "risk", "block_number", "log_index"),)


class LedgerPolicy(Base):
    __tablename__ = "ledger_policies"

    policy: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    quote_digest: Mapped[Hash] = mapped_column(unique=True)
    product: Mapped[int]
    risk: Mapped[BigInt] = mapped_column(index=True)
    holder: Mapped[Address]
    applicant: Mapped[Address]
    payer: Mapped[Address]
    sum_insured: Mapped[Money]
    loss_per_hour: Mapped[Money]
    rate: Mapped[Money]
    loading: Mapped[Money]
    premium_paid: Mapped[Money]
    premium_earned: Mapped[Money]
    refunded: Mapped[Money]
    start: Mapped[BigInt]
    end: Mapped[BigInt]
    status: Mapped[str] = mapped_column(String(10))
    released: Mapped[bool]
    transaction_hash: Mapped[Hash]


class LedgerClaim(Base):
    __tablename__ = "ledger_claims"

    claim: Mapped[Hash] = mapped_column(primary_key=True)
    policy: Mapped[BigInt] = mapped_column(index=True)
    run_start: Mapped[BigInt]
    status: Mapped[str] = mapped_column(String(10))
    instant: Mapped[Money]
    waiting: Mapped[Money]
    scheduled: Mapped[Money]
    reviewed: Mapped[Money]
    refused: Mapped[Money]
    decide_from: Mapped[BigInt | None]
    decide_until: Mapped[BigInt | None]
    held_until: Mapped[BigInt | None]
    opened_at: Mapped[BigInt | None]


class LedgerDecision(Base):
    """One assessor's word on a claim, in the order of the chain."""

    __tablename__ = "ledger_decisions"

    block_hash: Mapped[Hash] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    claim: Mapped[Hash] = mapped_column(index=True)
    assessor: Mapped[Address]
    approve: Mapped[bool]
    reason_hash: Mapped[Hash]
    decided_at: Mapped[BigInt]


class LedgerPayout(Base):
    """One payment for a claim of a policy, or for certificates of a bordereau."""

    __tablename__ = "ledger_payouts"

    block_hash: Mapped[Hash] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block_number: Mapped[BigInt]
    cover: Mapped[str] = mapped_column(String(12))
    number: Mapped[BigInt]
    claim: Mapped[Hash | None]
    run_start: Mapped[BigInt | None]
    payee: Mapped[Address]
    amount: Mapped[Money]
    count: Mapped[int]
    seconds: Mapped[BigInt | None]
    reviewed: Mapped[bool]
    transaction_hash: Mapped[Hash]
    paid_at: Mapped[BigInt]

    __table_args__ = (Index("ix_ledger_payouts_order", "block_number", "log_index"),)


class LedgerFloat(Base):
    __tablename__ = "ledger_floats"

    platform: Mapped[Address] = mapped_column(primary_key=True)
    balance: Mapped[Money]


class LedgerBond(Base):
    __tablename__ = "ledger_bonds"

    underwriter: Mapped[Address] = mapped_column(primary_key=True)
    bond: Mapped[Money]


class LedgerSeries(Base):
    __tablename__ = "ledger_series"

    series: Mapped[Hash] = mapped_column(primary_key=True)
    underwriter: Mapped[Address]
    platform: Mapped[Address] = mapped_column(index=True)
    product: Mapped[int]
    risk: Mapped[BigInt]
    premium_per_unit: Mapped[Money]
    expiry_bucket: Mapped[BigInt]
    leaf_kind: Mapped[int]
    reserved: Mapped[Money]
    released: Mapped[Money]
    first_serial: Mapped[BigInt]
    next_serial: Mapped[BigInt]


class LedgerBordereau(Base):
    """A posted bordereau, or a committed one: then it names the hash of its leaf file."""

    __tablename__ = "ledger_bordereaux"

    batch: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    series: Mapped[Hash] = mapped_column(index=True)
    platform: Mapped[Address] = mapped_column(index=True)
    product: Mapped[int]
    risk: Mapped[BigInt] = mapped_column(index=True)
    first_serial: Mapped[BigInt]
    size: Mapped[int]
    base: Mapped[BigInt]
    exposure: Mapped[Money]
    premium: Mapped[Money]
    root: Mapped[Hash]
    leaf_file_hash: Mapped[Hash | None]
    expired: Mapped[bool]
    posted_at: Mapped[BigInt]
    transaction_hash: Mapped[Hash]


class LedgerClaimedCertificate(Base):
    """One certificate of a bordereau that was paid in a run."""

    __tablename__ = "ledger_claimed_certificates"

    batch: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    run_start: Mapped[BigInt]
    transaction_hash: Mapped[Hash]


class LedgerMasks(Base):
    """The quorum's masks of one epoch of one subject, as last attested; 64 bits in hex."""

    __tablename__ = "ledger_masks"

    subject: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    lost: Mapped[Money]
    attacked: Mapped[Money]
    attested_at: Mapped[BigInt]


class LedgerHash(Base):
    """An approved model or terms hash."""

    __tablename__ = "ledger_hashes"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    kind: Mapped[int]
    uri: Mapped[str]
    retired_from: Mapped[BigInt | None]
