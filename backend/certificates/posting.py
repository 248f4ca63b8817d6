"""Turns sold certificates into bordereaux: records, signed header, a queued `post` or `commit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.certificates import BatchTerms, PostedBatch, PostedTree, Proof, Record, pack
from contracts.client.messages import BordereauHeader, digest
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import SALT_BYTES, Commitment, SumRecord, SumTree, build

from ..chain.tables import ChainTransaction
from ..domain.certificates import Sold, due_batch, way_of
from ..domain.products import Product
from ..domain.units import ChainTime, Seconds
from ..facility.repository import lock_series
from ..http.context import Services
from ..http.problems import Problem
from ..ledger.tables import LedgerBordereau, LedgerSeries
from ..transactions.service import queue
from . import repository
from .schemas import ProofOut
from .tables import Posting, SoldCertificate


@dataclass(frozen=True, slots=True)
class Planned:
    """A queued bordereau; nothing was due when size is 0."""

    first_serial: int
    size: int
    transaction: ChainTransaction | None


def posted_tree(certificates: Sequence[SoldCertificate], base: int) -> PostedTree:
    """The tree over certificates in serial order, whose starts count from `base`."""
    return PostedTree(
        pack(
            Record(bytes.fromhex(row.holder[2:]), row.units, row.start - base)
            for row in certificates
        )
    )


def committed_tree(certificates: Sequence[SoldCertificate], base: int) -> SumTree:
    """The sum tree of a committed bordereau; a record's salt begins its certificate's."""
    return build(
        SumRecord(
            bytes.fromhex(row.holder[2:]), row.units, row.start - base, row.salt[:SALT_BYTES]
        ).packed()
        for row in certificates
    )


@dataclass(frozen=True)
class OnLedger:
    """A bordereau of the ledger with the tree over its certificates."""

    batch: int
    tree: PostedTree | SumTree
    base: int
    posted_at: int
    terms: BatchTerms

    @property
    def posted(self) -> PostedBatch:
        """The batch of a tree that was posted."""
        assert isinstance(self.tree, PostedTree)
        return PostedBatch(self.tree, self.base, self.posted_at, self.terms)

    def prove(self, indices: Sequence[int]) -> Proof:
        """Arguments that claim some of its certificates."""
        if isinstance(self.tree, PostedTree):
            return self.posted.prove(indices)
        return self.tree.prove(indices, self.tree.commitment(self.base, self.posted_at))


def on_ledger(
    session: Session, row: LedgerBordereau, product: Product, report_delay: int
) -> OnLedger:
    """A bordereau of the ledger and its tree.

    :param report_delay: seconds, `SystemParameters.max_report_delay`
    """
    tail = product.term + report_delay + product.claim_window
    terms = BatchTerms(row.product, row.risk, product.unit, tail, product.cell)
    make = posted_tree if row.leaf_file_hash is None else committed_tree
    tree = make(repository.of_bordereau(session, row), row.base)
    return OnLedger(row.batch, tree, row.base, row.posted_at, terms)


def commitment_of(row: LedgerBordereau, unit: int) -> Commitment:
    """What a committed bordereau of the ledger bound."""
    return Commitment(
        root=bytes.fromhex(row.root[2:]),
        leaf_file_hash=bytes.fromhex((row.leaf_file_hash or "")[2:]),
        units=row.exposure // unit,
        size=row.size,
        base=row.base,
        committed_at=row.posted_at,
    )


def plan(
    session: Session,
    at: Services,
    series: LedgerSeries,
    product: Product,
    now: ChainTime,
    platform_id: str,
    case_id: str,
    only_due: bool,
) -> Planned:
    """Queues the next bordereau of a series: a full or old batch, or with `only_due` False any.

    `product` and `now` come from the chain, so that the transaction does not wait for the node.
    """
    lock_series(session, series, platform_id)
    first = repository.next_to_post(session, series)
    backlog = repository.backlog(session, series.series, first)
    way = way_of(backlog, at.settings.post_size, at.settings.commit_from)
    waiting = repository.waiting(session, series.series, first, way.size)
    count = due_batch(
        [Sold(row.serial, ChainTime(row.start)) for row in waiting],
        now,
        way.size if only_due else len(waiting),
        Seconds(at.settings.post_age),
        way.most_offset,
    )
    if count == 0:
        return Planned(first, 0, None)
    queued = _queue(session, at, series, product, platform_id, waiting[:count], case_id)
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
    session: Session,
    at: Services,
    series: LedgerSeries,
    product: Product,
    platform_id: str,
    case_id: str,
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
        _queue(session, at, series, product, platform_id, rows, case_id)


def _queue(
    session: Session,
    at: Services,
    series: LedgerSeries,
    product: Product,
    platform_id: str,
    rows: Sequence[SoldCertificate],
    case_id: str,
) -> ChainTransaction:
    first, base = rows[0].serial, rows[0].start
    way = way_of(len(rows), at.settings.post_size, at.settings.commit_from)
    tree = (committed_tree if way.committed else posted_tree)(rows, base)
    leaf_file = b"" if isinstance(tree, PostedTree) else keep_leaf_file(at, tree)
    header = header_of(series, product, first, base, tree, leaf_file)
    signature = at.keyring.underwriter.sign_digest(
        digest(header, at.contracts.deployment.domain(header))
    )
    before = repository.posting_before(session, series.series, first)
    identity = bytes.fromhex(series.series[2:])
    arguments: tuple[object, ...] = (
        (identity, first, base, tree.records, signature)
        if isinstance(tree, PostedTree)
        else (identity, first, astuple(tree.commitment(base)), signature)
    )
    queued = queue(
        session,
        at,
        at.keyring.operator.address,
        f"post:{series.series}:{first}",
        case_id,
        "CertificateBook",
        "commit" if way.committed else "post",
        *arguments,
        platform_id=platform_id,
        after=None if before is None else before.transaction_id,
    )
    at.faults.reached("bordereau.planned")
    return queued


def keep_leaf_file(at: Services, tree: SumTree) -> bytes:
    """Writes the records of a committed bordereau where audits find them; their hash, its name.

    It is written before the batch is queued: a commitment whose leaves are lost proves nothing.
    """
    content = b"".join(tree.records)
    name = keccak256(content)
    folder = at.settings.leaf_dir
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name.hex()}.part"
    part.write_bytes(content)
    part.rename(folder / f"{name.hex()}.leaves")
    return name


def header_of(
    series: LedgerSeries,
    product: Product,
    first_serial: int,
    base: int,
    tree: PostedTree | SumTree,
    leaf_file: bytes,
) -> BordereauHeader:
    """What the underwriter signs for a batch; `leaf_file` is empty when it is posted."""
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
        leaf_file_hash=leaf_file or bytes(32),
    )


def proof_of(
    session: Session, series: LedgerSeries, serial: int, product: Product, report_delay: int
) -> ProofOut:
    """A certificate's leaf and path in its posted bordereau.

    :param report_delay: seconds, `SystemParameters.max_report_delay`
    :raises Problem: not-found; conflict, when it is not posted yet
    """
    row = session.get(SoldCertificate, (series.series, serial))
    if row is None:
        raise Problem("not-found", f"no certificate {serial} in the series")
    if row.batch is None or row.index is None:
        raise Problem("conflict", "the certificate is not posted yet")
    batch = session.get_one(LedgerBordereau, row.batch)
    found = on_ledger(session, batch, product, report_delay)
    proof = found.prove([row.index])
    header = found.posted.header if isinstance(found.tree, PostedTree) else b""
    return ProofOut(
        batch=row.batch,
        index=row.index,
        root=batch.root,
        header="0x" + header.hex(),
        leaf="0x" + proof.leaves.removeprefix(header).hex(),
        proof=["0x" + node.hex() for node in proof.proof],
    )
