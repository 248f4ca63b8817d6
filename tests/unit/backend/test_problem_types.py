"""Every type of problem is described in the documentation, word for word."""

from __future__ import annotations

from pathlib import Path

from backend.http.problems import PROBLEMS, TYPE_BASE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "problems.md"


def test_problem_types__documentation__lists_each_as_the_api_serves_it() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `/")]
    assert rows == [
        f"| `{TYPE_BASE}{name}` | {kind.status} | {kind.title} | {kind.advice} |"
        for name, kind in PROBLEMS.items()
    ]
