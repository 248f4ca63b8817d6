"""From a capture to a payout, with real processes, and what faults change: nothing."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.audit.database import compare
from backend.audit.ledger import Ledger
from scripts import check_demo
from tests.e2e.conftest import ROOT, Run

Demo = Callable[..., Run]


def receipts(run: Run) -> list[dict[str, object]]:
    lines = (run.folder / "receipts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def payouts(run: Run) -> dict[str, int]:
    """Token units by payee, over all claims."""
    paid: dict[str, int] = {}
    for event in check_demo.events(receipts(run)):
        if event.name in ("ClaimPaid", "CertificatesPaid"):
            payee = event.args["payee"]
            paid[payee] = paid.get(payee, 0) + event.args["amount"]
    return paid


def test_demo__from_packets_to_payout__reports_what_the_issue_asks(demo: Demo) -> None:
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
    assert compare(ledger, f"sqlite:///{database}").differences == []
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT rowid, amount FROM ledger_payouts").fetchall()
        row, amount = random.Random(7).choice(rows)
        connection.execute(
            "UPDATE ledger_payouts SET amount = ? WHERE rowid = ?", (str(int(amount) + 1), row)
        )
    connection.close()
    found = compare(ledger, f"sqlite:///{database}").differences
    assert [difference.table for difference in found] == ["ledger_payouts"]


def ledger_of(run: Run) -> Ledger:
    """The ledger that the demonstration's audit built, as it left it."""
    stored = json.loads((run.folder / "ledger.json").read_text())
    ledger = Ledger()
    for table, rows in stored.items():
        for row in rows:
            ledger.put(table, tuple(row.pop("__key")), row)
    return ledger


@pytest.mark.parametrize("fault", ["crash", "lie"])
def test_demo__one_member_at_fault__pays_the_same_to_the_unit(demo: Demo, fault: str) -> None:
    run = demo("--fault", fault)
    assert run.code == 0, run.output
    assert payouts(run) == payouts(demo())


def test_demo__a_liar__is_counted_on_chain_first(demo: Demo) -> None:
    """The liar's vectors and masks are on chain, and its masks landed before the others'."""
    run = demo("--fault", "lie")
    liar = json.loads((run.folder / "faulty.json").read_text())
    found = list(check_demo.events(receipts(run)))
    observers = [e.args["member"] for e in found if e.name == "ObservationRecorded"]
    assert observers[0] == liar["address"].lower()
    signed = [e.args["signerLanes"] for e in found if e.name == "ScoresReported"]
    assert any(liar["lane"] in [word >> 8 * i & 0xFF for i in range(4)] for word in signed)


def test_demo__benign_capture__moves_the_rate_one_step_at_most_and_pays_nobody(demo: Demo) -> None:
    run = demo("--capture", "benign")
    assert run.code == 0, run.output
    assert run.report["premium_rate_after"] <= run.report["premium_rate_before"] * 1.15
    assert run.report["incident_quorum"] == 0
    assert run.report["claims_paid"] == 0
