"""Tests are named subject, circumstance, outcome: the list of names is the specification."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"test_[a-z0-9_]*?[a-z0-9]__[a-z0-9_]*?[a-z0-9](__[a-z0-9_]*[a-z0-9])?")
FILES = sorted((ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_names__each_test__says_subject_and_outcome(path: Path) -> None:
    functions = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]
    assert [name for name in functions if not NAME.fullmatch(name)] == []
