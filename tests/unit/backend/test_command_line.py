"""The command line: each command has --json and is documented, as are the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from backend.cli import EXIT_CODES, app

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "cli.md").read_text()


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command below a group, by its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for part, found in inner.items():
        yield from commands(found, f"{name} {part}")


ALL = dict(commands(typer.main.get_command(app), "flowcover"))


@pytest.mark.parametrize("name", ALL)
def test_command__each__has_json_and_a_line_of_help_and_is_documented(name: str) -> None:
    command = ALL[name]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert command.help
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", ALL)
def test_command__help__names_its_options_and_ends_with_0(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split()[1:], "--help"])
    assert done.exit_code == 0
    assert "--json" in done.output


@pytest.mark.parametrize("name", ALL)
def test_command__exit_codes__are_documented_ones(name: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    codes = [int(code) for code in row.split("|")[3].split()]
    assert codes[0] == 0
    assert set(codes) <= set(EXIT_CODES)


def test_help__whole__lists_every_command_and_the_exit_codes() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert all(name.split()[1] in done.output for name in ALL)
    assert "Exit codes" in done.output


def test_exit_codes__documentation__lists_them() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line[2].isdigit()]
    assert rows == [f"| {code} | {text} |" for code, text in EXIT_CODES.items()]


@pytest.mark.parametrize(
    ("arguments", "changes", "code"),
    [
        (["check"], {"FLOWCOVER_RPC_URL": None}, 3),
        (["nonsense"], {}, 2),
        (["database", "upgrade"], {"FLOWCOVER_DATABASE_URL": "sqlite:////nowhere/x.db"}, 4),
    ],
)
def test_command__fails__says_why_in_one_line_and_by_its_code(
    tmp_path: Path, arguments: list[str], changes: dict[str, str | None], code: int
) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "FLOWCOVER_RPC_URL": "http://127.0.0.1:1",
        "FLOWCOVER_ADMIN_TOKEN": "t" * 16,
        "FLOWCOVER_UNDERWRITER_KEY": "0x" + "01" * 32,
        "FLOWCOVER_OPERATOR_KEY": "0x" + "02" * 32,
        "FLOWCOVER_COMMITMENT_KEY": "c" * 16,
    }
    environment |= {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value is None:
            del environment[name]
    command = [sys.executable, "-m", "backend", *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    if code != 2:
        assert done.stderr.startswith("flowcover: ")
        assert done.stderr.count("\n") == 1


def test_version__json__is_an_object() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backend", "version", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert list(json.loads(done.stdout)) == ["version"]
