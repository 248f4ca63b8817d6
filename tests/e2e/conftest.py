"""Runs of the demonstration, each once a session, with everything real."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts import check_demo

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """A demonstration that has ended: its folder, exit code, output and report."""

    folder: Path
    code: int
    output: str
    report: dict[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Plays the demonstration with the given arguments, or gives the run that already was."""
    known: dict[tuple[str, ...], Run] = {}

    def play(*arguments: str) -> Run:
        if arguments not in known:
            folder = tmp_path_factory.mktemp("demo")
            report = folder / "report.json"
            command = [sys.executable, "-m", "scripts.demo", *arguments]
            command += ["--folder", str(folder / "run"), "--report", str(report)]
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
            )
            output = done.stdout + done.stderr
            found = json.loads(report.read_text()) if report.exists() else {}
            known[arguments] = Run(folder / "run", done.returncode, output, found)
        return known[arguments]

    return play


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
