"""The guards that scripts/threats.py takes out are where it looks for them, and each has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.guards import ELSEWHERE, GUARDS, Guard

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = "\n".join(
    path.read_text() for path in (ROOT / "tests" / "contracts" / "threats").glob("test_*.py")
)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.test)
def test_guard__in_its_file__can_be_taken_out_once(guard: Guard) -> None:
    source = (ROOT / "contracts" / guard.file).read_text()
    assert guard.taken_out(source) != source


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.test)
def test_guard__its_attack__is_a_test(guard: Guard) -> None:
    assert ATTACKS.count(f"def {guard.test}(") == 1


@pytest.mark.parametrize("entry", ELSEWHERE, ids=lambda entry: entry[0])
def test_guard__in_more_than_one_place__names_test_files_that_exist(
    entry: tuple[str, str, str],
) -> None:
    named = [name.strip("` ") for name in entry[2].split(",")]
    assert [name for name in named if not (ROOT / "tests" / "contracts" / name).exists()] == []
