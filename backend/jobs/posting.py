"""Posts full or old batches of every series, and again what failed."""

from __future__ import annotations

from sqlalchemy import select

from ..certificates.posting import plan, plan_again
from ..domain.units import ProductId
from ..facility.tables import SeriesSales
from ..http.context import Services
from ..ledger.tables import LedgerSeries
from ..market import chain_time
from ..observability.logs import case_id


def run_posting(at: Services) -> int:
    """One pass over all series that have sold something; how many certificates were queued."""
    with at.database.read() as session:
        sold = [(row.series, row.platform_id) for row in session.scalars(select(SeriesSales))]
    return sum(_post(at, series, platform) for series, platform in sold)


def _post(at: Services, series_id: str, platform_id: str) -> int:
    """The chain is read first: a node that is slow or down holds no lock."""
    with at.database.read() as session:
        known = session.get(LedgerSeries, series_id)
    if known is None or known.underwriter != at.keyring.underwriter.address:
        return 0
    product, now = at.market.product(ProductId(known.product)), chain_time(at.market)
    case = case_id.get()
    with at.database.write() as session:
        series = session.get(LedgerSeries, series_id)
        if series is None:
            return 0
        plan_again(session, at, series, product, platform_id, case)
        return plan(session, at, series, product, now, platform_id, case, only_due=True).size
