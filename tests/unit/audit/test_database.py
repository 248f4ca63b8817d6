"""The comparison of a database with the ledger: each kind of difference is found and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.audit.database import (
    KEYS,
    Comparison,
    DatabaseUnreadable,
    compare,
    indexed_block,
    snapshot,
)
from backend.audit.ledger import Event, Ledger
from tests.support.tables import write_tables

PAYEE = "0x" + "aB" * 20


def compared(ledger: Ledger, url: str) -> Comparison:
    with snapshot(url) as connection:
        return compare(ledger, connection)


def ledger_with_two_payouts() -> Ledger:
    ledger = Ledger()
    for index, amount in enumerate((100, 2**127)):
        args = {"batch": 1, "runStart": 40, "payee": PAYEE.lower(), "amount": amount, "count": 2}
        ledger.take(
            Event("ClaimsDesk", "CertificatesPaid", args, 9, "0xbeef", "0xaa", index, 1_000)
        )
    return ledger


def store(path: Path, ledger: Ledger) -> str:
    """Writes the ledger's rows as a backend would: money as text, addresses checksummed."""
    tables = {}
    for table, keys in KEYS.items():
        rows = list(ledger.rows(table).values())
        tables[table] = (list(rows[0]) if rows else list(keys), rows)
    write_tables(path, tables)
    change(path, f"UPDATE ledger_payouts SET payee = '{PAYEE}'")
    return f"sqlite:///{path}"


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_compare__same_rows__finds_nothing(tmp_path: Path) -> None:
    ledger = ledger_with_two_payouts()
    result = compared(ledger, store(tmp_path / "a.db", ledger))
    assert (result.rows, result.differences) == (2, [])


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("UPDATE ledger_payouts SET amount = 101 WHERE log_index = 0", "amount is 101"),
        ("DELETE FROM ledger_payouts WHERE log_index = 1", "missing in the database"),
        ("UPDATE ledger_payouts SET log_index = 7 WHERE log_index = 1", "not on the chain"),
        ("UPDATE ledger_payouts SET payee = 'x' WHERE log_index = 1", "payee is 'x'"),
    ],
)
def test_compare__one_falsification__is_found_and_named(
    tmp_path: Path, statement: str, cause: str
) -> None:
    ledger = ledger_with_two_payouts()
    url = store(tmp_path / "a.db", ledger)
    change(tmp_path / "a.db", statement)
    found = compared(ledger, url).differences
    assert any(cause in str(difference) for difference in found)


def test_compare__one_unit_in_one_row__is_one_difference(tmp_path: Path) -> None:
    ledger = ledger_with_two_payouts()
    url = store(tmp_path / "a.db", ledger)
    change(
        tmp_path / "a.db", f"UPDATE ledger_payouts SET amount = '{2**127 + 1}' WHERE log_index = 1"
    )
    assert len(compared(ledger, url).differences) == 1


@pytest.mark.parametrize(
    "spoil", [lambda path: change(path, "DROP TABLE ledger_claims"), lambda path: path.unlink()]
)
def test_compare__table_missing__is_an_error(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    ledger = ledger_with_two_payouts()
    url = store(tmp_path / "a.db", ledger)
    spoil(tmp_path / "a.db")
    with pytest.raises(DatabaseUnreadable, match="no such table"):
        compared(ledger, url)


def test_snapshot__written_meanwhile__shows_what_was_there(tmp_path: Path) -> None:
    ledger = ledger_with_two_payouts()
    url = store(tmp_path / "a.db", ledger)
    change(tmp_path / "a.db", "PRAGMA journal_mode=WAL")
    change(tmp_path / "a.db", "CREATE TABLE blocks (number, hash)")
    change(tmp_path / "a.db", "INSERT INTO blocks VALUES (7, '0xAB')")
    with snapshot(url) as connection:
        assert indexed_block(connection) == (7, "0xab")
        change(tmp_path / "a.db", "INSERT INTO blocks VALUES (8, '0xCD')")
        change(tmp_path / "a.db", "DELETE FROM ledger_payouts")
        assert indexed_block(connection) == (7, "0xab")
        assert compare(ledger, connection).differences == []
