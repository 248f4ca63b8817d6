"""Compares a backend's database with the ledger that the audit built from the chain.

Reads the tables by plain SQL; shares neither models nor queries with the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from backend.audit.chain import AuditError
from backend.audit.ledger import Key, Ledger, Row, certificates

Leaves = Callable[[int], bytes]
# Compared tables and their key columns; every column of the audit's row is compared.
KEYS: dict[str, tuple[str, ...]] = {
    "ledger_risks": ("risk",),
    "ledger_scores": ("risk", "frame"),
    "ledger_rates": ("product", "risk"),
    "ledger_policies": ("policy",),
    "ledger_series": ("series",),
    "ledger_bordereaux": ("batch",),
    "ledger_claimed_certificates": ("batch", "index"),
    "ledger_masks": ("subject", "epoch"),
    "ledger_claims": ("claim",),
    "ledger_payouts": ("block_hash", "log_index"),
}
CERTIFICATES = "certificates"


class DatabaseUnreadable(AuditError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the backend's database cannot be compared: {reason}")


@dataclass(frozen=True)
class Difference:
    """One row that the database tells otherwise than the chain."""

    table: str
    key: Key
    cause: str

    def __str__(self) -> str:
        return f"{self.table} {'/'.join(map(str, self.key))}: {self.cause}"


@dataclass(frozen=True)
class Comparison:
    rows: int
    differences: list[Difference]


def same(chain: Any, stored: Any) -> bool:
    """Whether a stored value means what the chain says: exact integers, case-blind hex."""
    if chain is None:
        return stored is None
    if isinstance(chain, bool):
        return bool(stored) is chain
    if isinstance(chain, int):
        return stored is not None and int(stored) == chain
    return isinstance(stored, str) and stored.lower() == str(chain).lower()


def canonical(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else int(value)


def stored_rows(
    connection: Connection, table: str, keys: tuple[str, ...], where: str = "", **values: Any
) -> dict[Key, Row]:
    """Rows of a table by the columns that name them."""
    quoted = connection.dialect.identifier_preparer.quote(table)
    found = connection.execute(text(f"SELECT * FROM {quoted} {where}"), values).mappings()
    return {tuple(canonical(row[k]) for k in keys): dict(row) for row in found}


def differences(table: str, chain: dict[Key, Row], stored: dict[Key, Row]) -> Iterator[Difference]:
    """At most one difference a row, naming the columns."""
    for key, row in chain.items():
        if key not in stored:
            yield Difference(table, key, "is on the chain and missing in the database")
            continue
        wrong = [
            f"{column} is {stored[key].get(column)!r}, the chain says {value!r}"
            for column, value in row.items()
            if not same(value, stored[key].get(column))
        ]
        if wrong:
            yield Difference(table, key, "; ".join(wrong))
    for key in stored.keys() - chain.keys():
        yield Difference(table, key, "is in the database and not on the chain")


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """A connection that sees the database as it was at its first query, whatever is written since.

    :raises DatabaseUnreadable: no such database, table or column
    """
    try:
        engine = create_engine(url)
        is_sqlite = engine.dialect.name == "sqlite"
        level = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with engine.execution_options(**level).connect() as connection:
            if is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection
        engine.dispose()
    except (SQLAlchemyError, KeyError, ValueError) as error:
        raise DatabaseUnreadable(str(error).splitlines()[0]) from error


def indexed_block(connection: Connection) -> tuple[int, str] | None:
    """Number and hash of the newest block whose events are in the database."""
    query = "SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1"
    found = connection.execute(text(query)).first()
    return None if found is None else (int(found[0]), str(found[1]).lower())


def compare(ledger: Ledger, connection: Connection, leaves: Leaves | None = None) -> Comparison:
    """Compares every row of the compared tables.

    :param leaves: batch → packed certificates; without it certificates are not compared
    """
    rows = 0
    found: list[Difference] = []
    for table, keys in KEYS.items():
        chain, stored = ledger.rows(table), stored_rows(connection, table, keys)
        rows += len(chain.keys() | stored.keys())
        found += differences(table, chain, stored)
    if leaves is not None:
        for part in compared_certificates(connection, ledger, leaves):
            rows += part.rows
            found += part.differences
    return Comparison(rows, found)


def compared_certificates(
    connection: Connection, ledger: Ledger, leaves: Leaves
) -> Iterator[Comparison]:
    """Certificates bordereau by bordereau, so that few are held at a time; then those that the
    database places in a bordereau that is not on the chain. Sold ones that are in no bordereau yet
    are not the ledger's."""
    keys = ("series", "serial")
    batches = ledger.rows("ledger_bordereaux")
    for (batch,), row in batches.items():
        chain = {(c["series"], c["serial"]): c for c in certificates(row, leaves(batch))}
        stored = stored_rows(connection, CERTIFICATES, keys, "WHERE batch = :batch", batch=batch)
        found = list(differences(CERTIFICATES, chain, stored))
        yield Comparison(len(chain.keys() | stored.keys()), found)
    placed = connection.execute(
        text(f"SELECT batch, count(*) FROM {CERTIFICATES} WHERE batch IS NOT NULL GROUP BY batch")
    )
    strays = [(int(batch), int(count)) for batch, count in placed if (int(batch),) not in batches]
    yield Comparison(
        sum(count for _, count in strays),
        [
            Difference(CERTIFICATES, (batch,), f"{count} certificates are of no batch on the chain")
            for batch, count in strays
        ],
    )
