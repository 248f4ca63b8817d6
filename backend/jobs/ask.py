"""Asks a contract whether a call would succeed now, and queues it if so and if it is not queued."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select

from contracts.client.errors import ContractReverted

from ..chain.outbox import FAILED
from ..chain.tables import ChainTransaction
from ..http.context import Services
from ..observability.logs import case_id
from ..transactions.service import queue

log = logging.getLogger(__name__)


def ask_and_queue(
    at: Services, key: str, contract: str, function: str, *arguments: Any, sender: str | None = None
) -> bool:
    """Queues a call; False when there is nothing to do now.

    :param sender: whose call it is; the operator's, who needs no role, when not given
    """
    with at.database.read() as session:
        known = session.scalar(select(ChainTransaction.status).where(ChainTransaction.key == key))
    if known not in (None, FAILED):
        return False
    now = at.market.head().timestamp
    if not at.refusals.may_ask(key, now):
        return False
    who = sender or at.keyring.operator.address
    try:
        at.contracts.view(contract, function, *arguments, sender=who)
    except ContractReverted as refusal:
        log.debug("%s: %s", key, refusal)
        at.refusals.refused(key, now)
        return False
    at.faults.reached("job.asked")
    with at.database.write() as session:
        queue(session, at, who, key, case_id.get(), contract, function, *arguments)
    at.faults.reached("job.queued")
    return True
