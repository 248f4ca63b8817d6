"""Compares database and contracts, counts what differs, and says so in the log."""

from __future__ import annotations

import logging

from ..http.context import Services
from ..observability.metrics import RECONCILE_DIFFERENCES
from ..reconciler import reconcile

log = logging.getLogger(__name__)


def run_reconcile(at: Services) -> int:
    """One comparison; how many values differ."""
    found = reconcile(at)
    RECONCILE_DIFFERENCES.set(len(found.differences))
    for one in found.differences:
        log.error(
            "block %d: %s %s is %s in the database and %s on chain",
            found.block, one.thing, one.field, one.database, one.chain,
        )  # fmt: skip
    return len(found.differences)
