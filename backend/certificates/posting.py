"""Turns sold certificates into bordereaux: packed records, a signed header, a queued `post`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.certificates import PostedTree, Record, pack
from contracts.client.messages import BordereauHeader, digest

from ..chain.tables import ChainTransaction
from ..domain.certificates import Sold, due_batch
from ..domain.products import Product
from ..domain.units import ChainTime, ProductId, Seconds
from ..facility.repository import lock_series
from ..http.context import Services
from ..http.problems import Problem
from ..ledger.tables import LedgerBordereau, LedgerSeries
from ..transactions.service import queue
from . import repository
from .schemas import ProofOut
from .tables import Posting, SoldCertificate

OFFSET_SECONDS = Seconds(1)
"""One step of a record's start offset."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A queued bordereau; nothing was due when size is 0."""

    first_serial: int
    size: int
    transaction: ChainTransaction | None


def tree_of(certificates: Sequence[SoldCertificate], base: int) -> PostedTree:
    """The tree over certificates in serial order, whose starts count from `base`."""
    return PostedTree(
        pack(
            Record(bytes.fromhex(row.holder[2:]), row.units, row.start - base)
            for row in certificates
        )
    )


def plan(
    session: Session,
    at: Services,
    series: LedgerSeries,
    platform_id: str,
    case_id: str,
    only_due: bool,
) -> Planned:
    """Queues the next bordereau of a series: a full or old batch, or with `only_due` False any."""
    lock_series(session, series, platform_id)
    first = repository.next_to_post(session, series)
    waiting = repository.waiting(session, series.series, first, at.settings.post_size)
    now = ChainTime(at.market.head().timestamp)
    count = due_batch(
        [Sold(row.serial, ChainTime(row.start)) for row in waiting],
        now,
        at.settings.post_size if only_due else len(waiting),
        Seconds(at.settings.post_age),
        OFFSET_SECONDS,
    )
    if count == 0:
        return Planned(first, 0, None)
    queued = _queue(session, at, series, platform_id, waiting[:count], case_id)
    session.add(
        Posting(
            series=series.series,
            first_serial=first,
            size=count,
            base=waiting[0].start,
            transaction_id=queued.id,
            created_at=int(at.clock()),
        )
    )
    session.flush()
    return Planned(first, count, queued)


def plan_again(
    session: Session, at: Services, series: LedgerSeries, platform_id: str, case_id: str
) -> None:
    """Queues a bordereau of the series again whose transaction failed."""
    failed = session.scalar(
        select(Posting)
        .join(ChainTransaction, ChainTransaction.id == Posting.transaction_id)
        .where(Posting.series == series.series, ChainTransaction.status == "failed")
        .order_by(Posting.first_serial)
        .limit(1)
    )
    if failed is not None:
        rows = repository.waiting(session, series.series, failed.first_serial, failed.size)
        _queue(session, at, series, platform_id, rows, case_id)


def _queue(
    session: Session,
    at: Services,
    series: LedgerSeries,
    platform_id: str,
    rows: Sequence[SoldCertificate],
    case_id: str,
) -> ChainTransaction:
    product = at.market.product(ProductId(series.product))
    first, base = rows[0].serial, rows[0].start
    tree = tree_of(rows, base)
    header = header_of(series, product, first, base, tree)
    signature = at.keyring.underwriter.sign_digest(
        digest(header, at.contracts.deployment.domain(header))
    )
    before = repository.posting_before(session, series.series, first)
    arguments = (bytes.fromhex(series.series[2:]), first, base, tree.records, signature)
    queued = queue(
        session,
        at,
        at.keyring.operator.address,
        f"post:{series.series}:{first}",
        case_id,
        "CertificateBook",
        "post",
        *arguments,
        platform_id=platform_id,
        after=None if before is None else before.transaction_id,
    )
    at.faults.reached("bordereau.planned")
    return queued


def header_of(
    series: LedgerSeries, product: Product, first_serial: int, base: int, tree: PostedTree
) -> BordereauHeader:
    """What the underwriter signs for a batch."""
    return BordereauHeader(
        platform=series.platform,
        product=series.product,
        risk_index=series.risk,
        expiry_bucket=series.expiry_bucket,
        rate=series.premium_per_unit,
        first_serial=first_serial,
        size=tree.size,
        base=base,
        exposure=tree.units * product.unit,
        premium=tree.units * series.premium_per_unit,
        leaf_kind=series.leaf_kind,
        root=tree.root,
        leaf_file_hash=bytes(32),
    )


def proof_of(session: Session, series: LedgerSeries, serial: int) -> ProofOut:
    """A certificate's leaf and path in its posted bordereau.

    :raises Problem: not-found; conflict, when it is not posted yet
    """
    row = session.get(SoldCertificate, (series.series, serial))
    if row is None:
        raise Problem("not-found", f"no certificate {serial} in the series")
    if row.batch is None or row.index is None:
        raise Problem("conflict", "the certificate is not posted yet")
    batch = session.get_one(LedgerBordereau, row.batch)
    proof = tree_of(repository.of_bordereau(session, batch), batch.base).prove([row.index])
    return ProofOut(
        batch=row.batch,
        index=row.index,
        root=batch.root,
        leaf="0x" + proof.leaves.hex(),
        proof=["0x" + node.hex() for node in proof.proof],
    )
