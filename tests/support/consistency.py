"""What must hold of a database after any crash: one effect on chain, and no orphan row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.certificates.tables import Posting, SoldCertificate
from backend.chain.faults import Faults
from backend.chain.indexer import Indexer
from backend.chain.outbox import FINAL
from backend.chain.tables import Attempt, ChainTransaction, LedgerEvent
from backend.facility.tables import SeriesSales
from backend.ledger.projection import LedgerProjector
from backend.storage.database import Database
from contracts.client.system import CONTRACTS
from tests.support.engines import new_database
from tests.support.insurer import Backend

LEDGER = [
    table
    for table in LedgerEvent.metadata.sorted_tables
    if table.name.startswith("ledger_") or table.name == "events"
]


def ledger_rows(database: Database) -> dict[str, list[Any]]:
    """Every row of the ledger tables, in a fixed order."""
    with database.read() as session:
        return {
            table.name: sorted(map(repr, session.execute(select(table)).all())) for table in LEDGER
        }


def fresh_ledger(backend: Backend, folder: Path) -> dict[str, list[Any]]:
    """The ledger as a new database of the same chain has it."""
    database = Database(new_database(folder))
    at = backend.services
    indexer = Indexer(
        database,
        at.contracts.node,
        at.contracts.deployment,
        LedgerProjector(),
        at.settings.reorg_depth,
        Faults(None, None),
    )
    indexer.run_once()
    rows = ledger_rows(database)
    database.close()
    return rows


def orphans(backend: Backend) -> list[str]:
    """Rows that belong to nothing, or that say otherwise than the rows they belong to."""
    found = []
    with backend.services.database.read() as session:
        rows = {row.seq: row for row in session.scalars(select(ChainTransaction))}
        found += [f"{r.key} is {r.status}" for r in rows.values() if r.status not in (FINAL,)]
        for attempt in session.scalars(select(Attempt)):
            if attempt.transaction_seq not in rows:
                found.append(f"attempt {attempt.hash} of no transaction")
        ids = {row.id for row in rows.values()}
        sold: dict[str, set[int]] = {}
        for certificate in session.scalars(select(SoldCertificate)):
            sold.setdefault(certificate.series, set()).add(certificate.serial)
        for sales in session.scalars(select(SeriesSales)):
            if sold.get(sales.series, set()) != set(range(sales.next_serial)):
                found.append(f"series {sales.series} does not have every serial it gave out")
        for posting in session.scalars(select(Posting)):
            if posting.transaction_id not in ids:
                found.append(f"posting {posting.first_serial} of no transaction")
    return found


def events_on_chain(backend: Backend, contract: str, name: str) -> list[dict[str, Any]]:
    """Values of the chain's events, read from the node and not from the database."""
    from contracts.client.events import EventDecoder

    at = backend.services.contracts
    decoder = EventDecoder({contract: at.deployment.contracts[contract]})
    assert contract in CONTRACTS
    head = at.node.block()
    assert head is not None
    logs = at.node.logs(0, head.number, decoder.addresses)
    decoded = [decoder.decode(log) for log in logs]
    return [event.values for event in decoded if event is not None and event.name == name]
