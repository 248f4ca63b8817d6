"""Queries of policies: a policy is known by its quote's digest or its number on the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ..chain.tables import ChainTransaction, LedgerEvent
from ..http.context import Caller
from ..http.problems import Problem
from ..ledger.tables import LedgerPolicy
from .tables import Bind


@dataclass(frozen=True, slots=True)
class Found:
    """A policy's bind (None when it was bound elsewhere) and ledger row (None until mined)."""

    bind: Bind | None
    row: LedgerPolicy | None

    @property
    def id(self) -> str:
        if self.row is not None:
            return self.row.quote_digest
        assert self.bind is not None
        return self.bind.quote_digest


def find_policy(session: Session, who: Caller, key: str) -> Found:
    """A policy of the caller; the insurer sees all.

    :raises Problem: not-found
    """
    missing = Problem("not-found", f"no policy {key}")
    row = None
    if key.isascii() and key.isdigit() and len(key) < 19:
        row = session.get(LedgerPolicy, int(key))
        if row is None:
            raise missing
        key = row.quote_digest
    bind = session.get(Bind, key)
    if row is None:
        row = session.scalar(select(LedgerPolicy).where(LedgerPolicy.quote_digest == key))
    hidden = who.platform_id is not None and (bind is None or bind.platform_id != who.platform_id)
    if hidden or (bind is None and row is None):
        raise missing
    return Found(bind, row)


def visible_policies(who: Caller) -> Select[LedgerPolicy]:
    """Ledger policies of the caller; the insurer sees all."""
    query = select(LedgerPolicy)
    if who.platform_id is None:
        return query
    return query.join(Bind, Bind.quote_digest == LedgerPolicy.quote_digest).where(
        Bind.platform_id == who.platform_id
    )


def ledger_row(session: Session, digest: str) -> LedgerPolicy | None:
    return session.scalar(select(LedgerPolicy).where(LedgerPolicy.quote_digest == digest))


def transaction_of(session: Session, bind: Bind) -> ChainTransaction | None:
    if bind.transaction_id is None:
        return None
    query = select(ChainTransaction).where(ChainTransaction.id == bind.transaction_id)
    return session.scalar(query)


def events_of(session: Session, subjects: list[str]) -> list[LedgerEvent]:
    """Events of ledger objects in chain order."""
    query = select(LedgerEvent).where(LedgerEvent.subject.in_(subjects))
    return list(session.scalars(query.order_by(LedgerEvent.block_number, LedgerEvent.log_index)))
