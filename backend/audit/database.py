"""Compares a backend's database with the ledger that the audit built from the chain.

Reads the tables by plain SQL; shares neither models nor queries with the backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from backend.audit.chain import AuditError
from backend.audit.ledger import Key, Ledger, Row

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
    "certificates": ("series", "serial"),
}


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
    if isinstance(chain, bool):
        return bool(stored) is chain
    if isinstance(chain, int):
        return stored is not None and int(stored) == chain
    return isinstance(stored, str) and stored.lower() == str(chain).lower()


def canonical(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else int(value)


def stored_rows(connection: Connection, table: str) -> dict[Key, Row]:
    quoted = connection.dialect.identifier_preparer.quote(table)
    found = connection.execute(text(f"SELECT * FROM {quoted}")).mappings()
    return {tuple(canonical(row[k]) for k in KEYS[table]): dict(row) for row in found}


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


def compare(ledger: Ledger, url: str) -> Comparison:
    """Compares every row of the compared tables.

    :raises DatabaseUnreadable: no such database, table or column
    """
    rows = 0
    found: list[Difference] = []
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            for table in KEYS:
                chain, stored = ledger.rows(table), stored_rows(connection, table)
                rows += len(chain.keys() | stored.keys())
                found += differences(table, chain, stored)
        engine.dispose()
    except (SQLAlchemyError, KeyError, ValueError) as error:
        raise DatabaseUnreadable(str(error).splitlines()[0]) from error
    return Comparison(rows, found)
