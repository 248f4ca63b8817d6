"""From a capture to a payout, with real processes."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from backend.audit.database import Difference, compare, snapshot
from backend.audit.ledger import Ledger
from scripts import check_demo
from tests.e2e.conftest import ROOT, Run, receipts

Demo = Callable[..., Run]


def test_demo__from_packets_to_payout__reports_every_value(demo: Demo) -> None:
    run = demo()
    assert run.code == 0, run.output
    report = run.report
    assert report["policies_bound"] >= 1
    assert report["certificates_posted"] == 1_000
    assert report["premium_rate_before"] < report["premium_rate_after"]
    assert report["incident_quorum"] >= 3
    assert report["oracle_nodes"] == 4
    assert report["claims_auto_settled"] >= 1
    assert report["claims_referred"] >= 1
    assert report["brute_force_paid"] == 0
    assert report["ledger_rows_compared"] > 1_000
    assert report["ledger_differences"] == 0
    assert report["seconds_trigger_to_payout"] > 0
    assert all({"step", "hash", "gas"} <= entry.keys() for entry in report["transactions"])


def test_check_demo__receipts_alone__agree_with_the_report(demo: Demo) -> None:
    run = demo()
    command = [sys.executable, "-m", "scripts.check_demo", "--report"]
    command += [str(run.folder.parent / "report.json")]
    command += ["--receipts", str(run.folder / "receipts.jsonl")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_demo__one_reported_value_changed__is_named(demo: Demo) -> None:
    run = demo()
    changed = run.report | {"claims_paid": run.report["claims_paid"] + 1}
    wrong = check_demo.differences(changed, check_demo.derive(receipts(run)))
    assert [key for key, _, _ in wrong] == ["claims_paid"]


def test_ledger__one_unit_in_one_payout_row__is_one_difference(demo: Demo, tmp_path: Path) -> None:
    run = demo()
    database = tmp_path / "backend.db"
    shutil.copy(run.folder / "backend.db", database)
    ledger = ledger_of(run)
    assert differences(ledger, database) == []
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT rowid, amount FROM ledger_payouts").fetchall()
        row, amount = random.Random(7).choice(rows)
        connection.execute(
            "UPDATE ledger_payouts SET amount = ? WHERE rowid = ?", (str(int(amount) + 1), row)
        )
    connection.close()
    found = differences(ledger, database)
    assert [difference.table for difference in found] == ["ledger_payouts"]


def differences(ledger: Ledger, database: Path) -> list[Difference]:
    with snapshot(f"sqlite:///{database}") as connection:
        return compare(ledger, connection).differences


def ledger_of(run: Run) -> Ledger:
    """The ledger that the demonstration's audit built, as it left it."""
    stored = json.loads((run.folder / "ledger.json").read_text())
    ledger = Ledger()
    for table, rows in stored.items():
        for row in rows:
            ledger.put(table, tuple(row.pop("__key")), row)
    return ledger
