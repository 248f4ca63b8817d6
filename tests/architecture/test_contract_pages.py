"""Each contract has a page, and every test that a page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "contracts"
TESTS = ROOT / "tests" / "contracts"
CONTRACT = re.compile(r"^contract (\w+)", re.MULTILINE)
NAMED = re.compile(r"`(?:([\w/]+\.py))?(?:::(test_\w+))?`")


def contracts() -> list[str]:
    """Contracts that are deployed: neither abstract ones nor the tests' mocks."""
    sources = [p for p in (ROOT / "contracts").rglob("*.sol") if "mocks" not in p.parts]
    return sorted(name for path in sources for name in CONTRACT.findall(path.read_text()))


def missing(line: str) -> list[str]:
    """What a line names and is not there; a name without a file is in the file before it."""
    gone, text = [], ""
    for file, test in NAMED.findall(line):
        if file:
            path = next((p for p in (TESTS / file, ROOT / file) if p.exists()), None)
            text = path.read_text() if path else ""
            gone += [] if path else [file]
        if test and f"def {test}(" not in text:
            gone.append(f"{file}::{test}")
    return gone


@pytest.mark.parametrize("name", contracts())
def test_page__of_each_contract__is_there(name: str) -> None:
    assert (PAGES / f"{name}.md").exists()


@pytest.mark.parametrize("page", sorted(p.name for p in PAGES.glob("*.md")))
def test_page__every_test_it_names__exists(page: str) -> None:
    lines = (PAGES / page).read_text().splitlines()
    assert [gone for line in lines for gone in missing(line)] == []


@pytest.mark.parametrize("page", sorted(p.name for p in PAGES.glob("*.md")))
def test_page__every_only_sentence_of_a_table__names_a_test(page: str) -> None:
    rows = [line for line in (PAGES / page).read_text().splitlines() if line.startswith("| Only ")]
    assert [row for row in rows if not any(map(any, NAMED.findall(row)))] == []
