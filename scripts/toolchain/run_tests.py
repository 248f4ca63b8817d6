"""Runs every test suite in turn and closes with one line that counts them all.

    python scripts/toolchain/run_tests.py [suite ...]     (all suites when none is named)

Each suite is one pytest run, so that pure tests never start a chain and brownie's plugin is loaded
only where it is used. Exit code 1 when a suite failed, was killed or collected nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports" / "tests"
PURE = ["-m", "pytest", "-p", "no:pytest-brownie", "-p", "no:cacheprovider"]
BROWNIE = ["scripts/toolchain/run_brownie.py", "test", "--shards", "2"]


@dataclass
class Suite:
    name: str
    command: list[str]
    folders: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    def present(self) -> list[str]:
        return [f for f in self.folders if any((ROOT / f).rglob("test_*.py"))]


SUITES = [
    Suite(
        "unit",
        [*PURE, "-n", "2", "--dist", "loadfile"],
        ["tests/architecture", "tests/unit", "tests/recordings", "tests/model"],
    ),
    Suite("contracts", BROWNIE, ["tests/contracts", "tests/invariants"]),
    Suite("api", [*PURE, "-n", "2", "--dist", "loadfile"], ["tests/api"]),
    Suite("chain", PURE, ["tests/chain"]),
    Suite("e2e", PURE, ["tests/e2e"]),
]
# Run by name only: four demonstrations take a quarter of an hour.
NAMED = [Suite("faults", PURE, ["tests/drills"])]


def run(suite: Suite) -> bool:
    """Runs one suite and reads its counts from the JUnit files it left."""
    report = REPORTS / f"{suite.name}.xml"
    command = [sys.executable, *suite.command, f"--junitxml={report}", *suite.present()]
    started = time.monotonic()
    print(f"\n== {suite.name}: {' '.join(suite.present())}", flush=True)
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for file in REPORTS.glob(f"{suite.name}.xml*"):
        for element in ElementTree.parse(file).getroot().iter("testsuite"):
            for key in counts:
                counts[key] += int(element.get(key, "0"))
    suite.counts = counts
    broken = counts["failures"] + counts["errors"]
    ok = code == 0 and counts["tests"] > 0 and broken == 0
    if not ok and broken == 0:
        counts["errors"] = 1
    took = time.monotonic() - started
    print(f"== {suite.name}: {'ok' if ok else 'FAILED'} in {took:.0f} s", flush=True)
    return ok


def main(names: list[str]) -> int:
    unknown = set(names) - {suite.name for suite in [*SUITES, *NAMED]}
    if unknown:
        known = ", ".join(suite.name for suite in [*SUITES, *NAMED])
        print(f"unknown suite {', '.join(sorted(unknown))}; known: {known}", file=sys.stderr)
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.xml*"):
        old.unlink()
    os.environ["PYTHONPATH"] = str(ROOT)
    wanted = [suite for suite in [*SUITES, *NAMED] if suite.name in names] if names else SUITES
    chosen = [suite for suite in wanted if suite.present()]
    outcomes = [run(suite) for suite in chosen]
    total = {key: sum(suite.counts[key] for suite in chosen) for key in chosen[0].counts}
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - total["failures"] - total["errors"] - total["skipped"]
    passed = max(passed, 0)
    print(f"\nflowcover: {passed} passed, {failed} failed, {total['skipped']} skipped")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
