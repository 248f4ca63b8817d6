"""Every single falsification of a ledger is found and named; the table stands in docs/audit.md."""

from __future__ import annotations

import copy
import os
import re
import shutil
from pathlib import Path

import pytest

from backend.audit.chain import AuditError
from tests.support.falsify import FALSIFICATIONS, Case, Falsification, store, story

PAGE = Path(__file__).resolve().parents[3] / "docs" / "audit.md"
PARTS = ("evidence", "backend.db", "models", "leaves")
BEGIN, END = "<!-- falsifications: begin -->\n", "<!-- falsifications: end -->\n"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    root = tmp_path_factory.mktemp("honest")
    made, _ = story(root)
    case = Case(made, *(root / name for name in PARTS))
    store(case.database, case.audited())
    return case


def copied(honest: Case, folder: Path) -> Case:
    shutil.copytree(honest.evidence, folder / "evidence")
    shutil.copytree(honest.models, folder / "models")
    shutil.copytree(honest.leaves, folder / "leaves")
    shutil.copy(honest.database, folder / "backend.db")
    made = copy.deepcopy(honest.made)
    return Case(made, *(folder / name for name in PARTS))


def findings(case: Case) -> list[str]:
    """Every difference in words, or why the audit is void."""
    try:
        found = case.audited()
    except AuditError as error:
        return [str(error)]
    stored = found.comparison.differences if found.comparison else []
    return [*map(str, found.result.findings), *map(str, stored)]


def told(falsification: Falsification, case: Case) -> str:
    """The finding that names the falsification; empty when there is none."""
    falsification.change(case)
    for finding in findings(case):
        if any(words in finding for words in falsification.finding.split("|")):
            return finding
    return ""


def test_audit__nothing_falsified__finds_nothing(honest: Case, tmp_path: Path) -> None:
    case = copied(honest, tmp_path)
    case.with_evidence = case.with_database = True
    found = case.audited()
    assert [str(f) for f in found.result.findings] == []
    assert found.comparison is not None and found.comparison.differences == []
    assert found.evidence is not None and found.evidence.remarks == []
    kinds = {kind for kind, count in found.result.recomputed.items() if count}
    assert {"settlements", "reviews", "certificate settlements"} <= kinds


@pytest.mark.parametrize("falsification", FALSIFICATIONS, ids=lambda f: f.name)
def test_audit__one_falsification__is_found_and_named(
    falsification: Falsification, honest: Case, tmp_path: Path
) -> None:
    assert told(falsification, copied(honest, tmp_path)) != ""


def shortened(finding: str) -> str:
    """A finding without what differs from run to run: hashes are cut short, folders left out."""
    finding = re.sub(r"/\S*/models/", "models/", finding)
    return re.sub(r"0x[0-9a-f]{12,}|[0-9a-f]{40,}", lambda match: match[0][:10] + "…", finding)


def test_page__table_of_falsifications__is_what_the_audit_says(
    honest: Case, tmp_path: Path
) -> None:
    lines = ["| falsification | what the audit says |\n", "|---|---|\n"]
    for number, falsification in enumerate(FALSIFICATIONS):
        folder = tmp_path / str(number)
        folder.mkdir()
        said = shortened(told(falsification, copied(honest, folder))).replace("|", "\\|")
        lines.append(f"| {falsification.name} | {said} |\n")
    table = "".join(lines)
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    if os.environ.get("FLOWCOVER_WRITE_DOCS"):
        PAGE.write_text(before + BEGIN + table + END + after)
    else:
        assert rest.split(END)[0] == table, "docs/audit.md is old: run `make tamper`"
