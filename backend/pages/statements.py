"""Statements to print: a platform's month, and a cell's solvency."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from ..http.problems import Problem
from ..ledger.tables import LedgerBordereau, LedgerPayout, LedgerPolicy
from ..policies.tables import Bind
from ..reads import Reads
from . import finances
from .platform import Identity, require
from .sessions import Insurer, ServicesDep, SignedIn
from .show import page

router = APIRouter()
Month = Annotated[str, Path(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month of chain time, UTC: [start, end)."""

    name: str
    start: int
    end: int

    @classmethod
    def of(cls, name: str) -> Period:
        year, month = map(int, name.split("-"))
        start = datetime(year, month, 1, tzinfo=UTC)
        seconds = monthrange(year, month)[1] * 86_400
        first = int(start.timestamp())
        return cls(name, first, first + seconds)

    @classmethod
    def at(cls, time: int) -> Period:
        return cls.of(datetime.fromtimestamp(time, UTC).strftime("%Y-%m"))

    def has(self, time: int) -> bool:
        return self.start <= time < self.end


@router.get("/statements/platforms/{platform_id}")
def get_newest(platform_id: Identity, request: Request, at: ServicesDep, who: SignedIn) -> Response:
    """The statement of the month of the latest block."""
    return get_platform(platform_id, Period.at(at.market.head().timestamp).name, request, at, who)


@router.get("/statements/platforms/{platform_id}/{month}")
def get_platform(
    platform_id: Identity, month: Month, request: Request, at: ServicesDep, who: SignedIn
) -> Response:
    try:
        period = Period.of(month)
    except ValueError as error:
        raise Problem("invalid-request", f"no month {month}") from error
    now = at.market.head().timestamp
    with at.database.read() as session:
        row = require(session, who, platform_id)
        values = _month(session, platform_id, row.wallet, period)
        reads: Reads = request.app.state.reads
        earned = {p.policy: finances.earned(reads, p) for p in values["policies"]}
    return page(
        request, who, "statement_platform.html", platform=row, period=period, now=now,
        earned=earned, months=_months(values["first"], now),
        chain_id=at.contracts.deployment.chain_id,
        book=at.contracts.address("CertificateBook"), **values,
    )  # fmt: skip


def _month(session: Session, platform_id: str, wallet: str, period: Period) -> dict[str, Any]:
    """Bordereaux, policies and payments of a month, and the first second of any."""
    batches = list(
        session.scalars(
            select(LedgerBordereau)
            .where(LedgerBordereau.platform == wallet)
            .order_by(LedgerBordereau.batch)
        )
    )
    policies = list(
        session.scalars(
            select(LedgerPolicy)
            .join(Bind, Bind.quote_digest == LedgerPolicy.quote_digest)
            .where(Bind.platform_id == platform_id)
            .order_by(LedgerPolicy.policy)
        )
    )
    numbers = {batch.batch for batch in batches}
    own = {policy.policy for policy in policies}
    rows = session.scalars(
        select(LedgerPayout).order_by(LedgerPayout.block_number, LedgerPayout.log_index)
    )
    payouts = [p for p in rows if p.number in (numbers if p.cover == "certificates" else own)]
    times = [b.posted_at for b in batches] + [p.start for p in policies]
    posted = [b for b in batches if period.has(b.posted_at)]
    bound = [p for p in policies if period.has(p.start)]
    paid = [p for p in payouts if period.has(p.paid_at)]
    return {
        "batches": posted,
        "policies": bound,
        "payouts": paid,
        "first": min(times, default=period.start),
        "totals": {
            "certificates": sum(b.size for b in posted),
            "exposure": sum(b.exposure for b in posted),
            "premium": sum(b.premium for b in posted),
            "insured": sum(p.sum_insured for p in bound),
            "paid_in": sum(p.premium_paid for p in bound),
            "paid": sum(p.amount for p in paid),
        },
    }


def _months(first: int, now: int) -> Sequence[str]:
    """Names of the months from the first to now, newest first, at most two years."""
    found = [Period.at(now)]
    while len(found) < 24 and found[-1].start > first:
        found.append(Period.at(found[-1].start - 1))
    return [period.name for period in found]


@router.get("/statements/cell")
def get_cell(request: Request, at: ServicesDep, who: Insurer) -> Response:
    """The cell's solvency at the latest block."""
    reads: Reads = request.app.state.reads
    block = at.market.head()
    with at.database.read() as session:
        values: dict[str, Any] = {
            "lines": finances.exposure(session, reads, at.contracts.address("Cell")),
            "results": finances.results(session, reads),
            "referrals": finances.referrals(session),
        }
    return page(
        request, who, "statement_cell.html", block=block, cell=reads.solvency(),
        address=at.contracts.address("Cell"), chain_id=at.contracts.deployment.chain_id, **values,
    )  # fmt: skip
