"""Stores lapses, settles premium at cover's end, and releases what can no longer be claimed."""

from __future__ import annotations

from dataclasses import astuple

from sqlalchemy import select

from ..certificates.posting import commitment_of, on_ledger
from ..domain.units import ProductId
from ..http.context import Services
from ..ledger.tables import LedgerBordereau, LedgerPolicy, LedgerSeries
from .ask import ask_and_queue
from .chunks import chunks

AT_ONCE = 50
"""Most covers in one `expire`."""


def run_expiry(at: Services) -> int:
    """One pass over policies and bordereaux; how many calls were queued."""
    now = at.market.head().timestamp
    return _lapse(at, now) + _finish(at, now) + _expire(at, now)


def _lapse(at: Services, now: int) -> int:
    """`touch` for policies whose prepaid premium is consumed: stores the lapse at its second."""
    with at.database.read() as session:
        query = select(LedgerPolicy).where(
            LedgerPolicy.status == "in_force", LedgerPolicy.end > now
        )
        rows = [(row.policy, row.premium_paid) for row in session.scalars(query)]
    queued = 0
    for policy, paid in rows:
        if not at.contracts.view("PolicyBook", "coverAt", policy, now)["inForce"]:
            queued += ask_and_queue(at, f"touch:{policy}:{paid}", "PolicyBook", "touch", policy)
    return queued


def _finish(at: Services, now: int) -> int:
    """`finish` for policies whose end has come: the cell gets its premium, the holder the rest."""
    with at.database.read() as session:
        query = select(LedgerPolicy).where(
            LedgerPolicy.status.in_(("in_force", "lapsed")), LedgerPolicy.end <= now
        )
        policies = [
            row.policy
            for row in session.scalars(query)
            if row.premium_earned + row.refunded < row.premium_paid
        ]
    return _queue(at, "PolicyBook", "finish", policies)


def _queue(at: Services, contract: str, function: str, numbers: list[int]) -> int:
    queued = 0
    for chunk in chunks(numbers, AT_ONCE):
        key = f"{function}:{contract}:{chunk[0]}-{chunk[-1]}:{len(chunk)}"
        queued += ask_and_queue(at, key, contract, function, chunk)
    return queued


def _expire(at: Services, now: int) -> int:
    delay = at.contracts.deployment.parameters.max_report_delay
    with at.database.read() as session:
        policies = [
            row.policy
            for row in session.scalars(select(LedgerPolicy).where(LedgerPolicy.released.is_(False)))
            if row.end + delay + at.market.product(ProductId(row.product)).claim_window <= now
        ]
        batches = []
        commitments = []
        for row in session.scalars(
            select(LedgerBordereau).where(LedgerBordereau.expired.is_(False))
        ):
            product = at.market.product(ProductId(row.product))
            open_for = delay + product.claim_window
            if row.leaf_file_hash is None:
                if row.posted_at + product.term + open_for <= now:
                    posted = on_ledger(session, row, product, delay).posted
                    batches.append((row.batch, posted.expiring(row.batch)))
            elif session.get_one(LedgerSeries, row.series).expiry_bucket + open_for <= now:
                commitments.append((row.batch, astuple(commitment_of(row, product.unit))))
    queued = _queue(at, "PolicyBook", "expire", policies)
    for chunk in chunks(batches, AT_ONCE):
        key = f"expire:ExposureLedger:{chunk[0][0]}-{chunk[-1][0]}:{len(chunk)}"
        named = b"".join(packed for _, packed in chunk)
        queued += ask_and_queue(at, key, "ExposureLedger", "expireBordereaux", named)
    for batch, commitment in commitments:
        key = f"expire-committed:{batch}"
        call = ("CertificateBook", "expireCommitted", batch, commitment)
        queued += ask_and_queue(at, key, *call)
    return queued
