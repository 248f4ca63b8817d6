"""Every contract has a page, and every test that a page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.client.system import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "contracts").glob("*.md"))
FOREIGN = {"Authority", "StableCoin"}
NAMED = re.compile(r"`([\w/]*\.py)?(?:::(\w+))?`")
"""`Contract/test_file.py`, the same with `::test_name`, or `::test_name` of the last file."""


def cells(page: Path) -> list[str]:
    """The test cells of the page's "who may" table."""
    rows = [line for line in page.read_text().splitlines() if line.startswith("|")]
    return [row.rstrip("|").rsplit("|", 1)[1] for row in rows if ".py" in row or "`::" in row]


def test_pages__each_deployed_contract__has_one() -> None:
    assert {page.stem for page in PAGES} >= set(CONTRACTS.values()) - FOREIGN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages__each_named_test__exists(page: Path) -> None:
    missing, named = [], 0
    for cell in cells(page):
        source = ""
        for file, name in NAMED.findall(cell):
            if file:
                path = ROOT / "tests" / "contracts" / file
                path = path if path.exists() else ROOT / file
                source = path.read_text() if path.exists() else ""
                named += 1
            if (file and not source) or (name and f"def {name}(" not in source):
                missing.append(f"{file}::{name}")
    assert not missing
    assert named, f"{page.name} names no test"
