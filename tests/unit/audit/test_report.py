"""Bordereaux and reports of a made ledger: every format says the same, and so does the journal."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from backend.audit.bordereaux import BORDEREAUX
from backend.audit.files import Written
from backend.audit.report import coins, reconcile, write_report
from backend.audit.run import Audit
from tests.support.falsify import Case, store, story

# Separator, quotes, UTF-8, first line; cells by content, not as shown; every sheet to its own file.
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audit, Written]:
    root = tmp_path_factory.mktemp("report")
    made, _ = story(root)
    parts = ("evidence", "backend.db", "models", "leaves")
    case = Case(made, *(root / name for name in parts))
    store(case.database, case.audited())
    case.with_evidence = case.with_database = True
    found = case.audited()
    return root / "out", found, write_report(found, root / "out", lambda *_: None)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as text:
        return list(csv.reader(text))


def test_report__totals__are_the_journals(written: tuple[Path, Audit, Written]) -> None:
    _, found, sums = written
    assert found.balances is not None
    totals = reconcile(sums, found.balances)
    assert [total for total in totals if not total.agrees] == []
    assert any(total.bordereau for total in totals)
    assert found.differences == 0


def test_report__total_that_differs__is_a_difference(
    written: tuple[Path, Audit, Written],
) -> None:
    _, found, sums = written
    assert found.balances is not None
    sums.totals["claims"]["Paid Indemnity"] += 1
    wrong = [total.what for total in reconcile(sums, found.balances) if not total.agrees]
    sums.totals["claims"]["Paid Indemnity"] -= 1
    assert wrong == ["claims paid"]


@pytest.mark.parametrize("bordereau", BORDEREAUX, ids=lambda b: b.name)
def test_report__parquet__equals_csv(bordereau, written: tuple[Path, Audit, Written]) -> None:
    folder, _, sums = written
    titles, *lines = rows_of(folder / f"{bordereau.name}.csv")
    table = pq.read_table(folder / f"{bordereau.name}.parquet")
    assert table.column_names == titles
    assert [[str(v) for v in row.values()] for row in table.to_pylist()] == lines
    assert len(lines) == sums.rows[bordereau.name] > 0


def test_report__risk_bordereau__has_a_row_for_each_cover(
    written: tuple[Path, Audit, Written],
) -> None:
    folder, found, _ = written
    covers = found.result.on_chain["policies"] + found.result.on_chain["certificates"]
    assert len(rows_of(folder / "risk.csv")) == covers + 1


def test_report__json__says_what_the_audit_says(written: tuple[Path, Audit, Written]) -> None:
    folder, found, _ = written
    stored = json.loads((folder / "audit.json").read_text())
    assert stored["differences"] == 0
    assert stored["block"]["hash"] == found.pin.hash
    assert sum(account["balance"] for account in stored["journal"]) == 0


def test_report__html__closes_over_itself(written: tuple[Path, Audit, Written]) -> None:
    folder, found, _ = written
    page = (folder / "audit.html").read_text()
    assert found.closing_line() in page
    assert page.count("data:image/png;base64,") == 4
    assert "http://" not in page and "https://" not in page


def test_workbook__through_libreoffice__equals_the_csv(
    written: tuple[Path, Audit, Written], tmp_path: Path
) -> None:
    if shutil.which("soffice") is None:
        missing = pytest.fail if os.environ.get("FLOWCOVER_NEEDS_LIBREOFFICE") else pytest.skip
        missing("LibreOffice is not installed: apt-get install libreoffice-calc")
    folder, _, sums = written
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
            "--convert-to", AS_CSV, "--outdir", str(tmp_path), str(folder / "bordereaux.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )  # fmt: skip
    for bordereau in BORDEREAUX:
        came = rows_of(tmp_path / f"bordereaux-{bordereau.name}.csv")
        assert came == rows_of(folder / f"{bordereau.name}.csv")
    totals = rows_of(tmp_path / "bordereaux-totals.csv")[1:]
    assert {(name, column): int(total) for name, column, total in totals} == {
        (name, column): total
        for name, columns in sums.totals.items()
        for column, total in columns.items()
    }


def test_coins__units__are_shown_to_the_last() -> None:
    assert [coins(n) for n in (0, 1, -1_234_567_890)] == ["0.000000", "0.000001", "−1,234.567890"]
