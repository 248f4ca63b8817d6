"""Tables of the outbox and of the indexed chain."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..storage.types import Address, Base, BigInt, Hash, Identifier, Money

Sequence = BigInteger().with_variant(Integer, "sqlite")


class ChainTransaction(Base):
    """An intent to change the chain, from before its signature to its finality."""

    __tablename__ = "chain_transactions"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True, autoincrement=True)
    id: Mapped[Identifier] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    status: Mapped[str] = mapped_column(String(8))
    sender: Mapped[Address]
    contract: Mapped[str] = mapped_column(String(40))
    function: Mapped[str] = mapped_column(String(60))
    to: Mapped[Address]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    case_id: Mapped[Identifier]
    platform_id: Mapped[Identifier | None]
    after: Mapped[Identifier | None]
    tries: Mapped[int] = mapped_column(default=0)
    nonce: Mapped[BigInt | None]
    hash: Mapped[Hash | None]
    block_number: Mapped[BigInt | None]
    block_hash: Mapped[Hash | None]
    gas_used: Mapped[BigInt | None]
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[BigInt]
    updated_at: Mapped[BigInt]
    attempts: Mapped[list[Attempt]] = relationship(order_by="Attempt.number", lazy="selectin")

    __table_args__ = (Index("ix_chain_transactions_work", "sender", "status", "seq"),)


class Attempt(Base):
    """One signed form of an intent; a later one has the same nonce and a higher fee."""

    __tablename__ = "chain_attempts"

    hash: Mapped[Hash] = mapped_column(primary_key=True)
    transaction_seq: Mapped[int] = mapped_column(
        Sequence, ForeignKey("chain_transactions.seq"), index=True
    )
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(8))
    nonce: Mapped[BigInt]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    gas_limit: Mapped[BigInt]
    max_fee: Mapped[Money]
    priority_fee: Mapped[Money]
    signed_at: Mapped[BigInt]


class Chain(Base):
    """The one chain whose copy this database is."""

    __tablename__ = "chain"

    chain_id: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    genesis_hash: Mapped[Hash]
    first_block: Mapped[BigInt]


class IndexedBlock(Base):
    """A block whose logs are in the database."""

    __tablename__ = "blocks"

    number: Mapped[BigInt] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[Hash] = mapped_column(unique=True)
    parent_hash: Mapped[Hash]
    timestamp: Mapped[BigInt]


class LedgerEvent(Base):
    """One event of one of the contracts; `subject` is the ledger object that it changes."""

    __tablename__ = "events"

    block_hash: Mapped[Hash] = mapped_column(primary_key=True)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block_number: Mapped[BigInt] = mapped_column(index=True)
    timestamp: Mapped[BigInt]
    transaction_hash: Mapped[Hash] = mapped_column(index=True)
    contract: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(140))
    args: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_events_subject", "subject", "block_number", "log_index"),
        Index("ix_events_name", "name", "block_number", "log_index"),
    )
