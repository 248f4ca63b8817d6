"""Releases capital and caps behind cover that can no longer be claimed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import select

from ..domain.products import Product
from ..domain.units import ProductId
from ..http.context import Services
from ..ledger.tables import LedgerBordereau, LedgerPolicy
from ..observability.logs import case_id
from ..transactions.service import queue

CHUNK = 50
T = TypeVar("T")


def run_expiry(at: Services) -> int:
    """Queues `expire` for policies and bordereaux whose claim window has closed; how many."""
    now = at.market.head().timestamp
    delay = at.contracts.deployment.parameters.max_report_delay
    with at.database.read() as session:
        policies = [
            (row.policy, row.end, row.product)
            for row in session.scalars(
                select(LedgerPolicy).where(LedgerPolicy.released.is_(False), LedgerPolicy.end < now)
            )
        ]
        batches = [
            (row.batch, _batch_end(row, at.market.product(ProductId(row.product))), row.product)
            for row in session.scalars(
                select(LedgerBordereau).where(LedgerBordereau.expired.is_(False))
            )
        ]

    def ripe(covers: Iterable[tuple[int, int, int]]) -> list[int]:
        return [
            number
            for number, end, product in covers
            if end + delay + at.market.product(ProductId(product)).claim_window < now
        ]

    queued = 0
    for contract, numbers in (("PolicyBook", ripe(policies)), ("CertificateBook", ripe(batches))):
        for chunk in chunks(numbers, CHUNK):
            key = f"expire:{contract}:{chunk[0]}-{chunk[-1]}:{len(chunk)}"
            with at.database.write() as session:
                queue(
                    session, at, at.keyring.operator.address, key, case_id.get(),
                    contract, "expire", chunk,
                )  # fmt: skip
            queued += len(chunk)
    return queued


def _batch_end(row: LedgerBordereau, product: Product) -> int:
    """Latest second that a certificate of the batch can cover: none starts after it was posted."""
    return row.posted_at + product.term


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Consecutive pieces of at most `size` items."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
