"""Takes each guard out in turn and shows which assertion then fails (`make threats`).

    python -m scripts.threats [--only WORD] [--from N] [--to N] [--all]

The guards are the patches of scripts/guards.py. Each is applied to a temporary copy, the contracts
that hold it are compiled there, and its attack test runs on them, which must fail by its assertion;
with `--all` every attack test runs, and no other one may fail. Writes docs/security/threats.md once
every guard was tried, adding to what earlier runs of a part kept in the build folder; exit code 1
when a guard was not missed, or when anything else broke.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from scripts.guards import ELSEWHERE, GUARDS, Guard
from scripts.toolchain.compiler import settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security" / "threats.md"
TESTS = "tests/contracts/threats"
KEPT = ROOT / ".build" / "threats.json"
"""Assertions of the guards tried so far; a run of all guards begins anew."""

TEXT = """# Threats on chain

`make threats` writes this page. For each threat it takes the guard out of a copy of the contracts,
compiles them, and runs {scope} of `{tests}` on them: the test named here fails,
by the assertion whose words stand in the last column{others}.
With the guard in place all of them pass (`make test`).

| threat | guard | test | without the guard |
|---|---|---|---|
{rows}

## Guarded in more than one place

Taking out one line does not open these; their tests are with the contracts.

| threat | guard | test |
|---|---|---|
{elsewhere}
"""


@dataclass(frozen=True)
class Failure:
    """A failed test and the message of its assertion; empty when something else broke."""

    test: str
    assertion: str


def copy_of_repository(folder: Path) -> None:
    """What compiling and the attack tests need; packages are linked."""
    for name in ("contracts", "tests", "scripts", ".build"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("recordings", "__pycache__")
        )
    for name in ("pyproject.toml",):
        shutil.copy(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")


def compile_in(folder: Path, contracts: tuple[str, ...]) -> None:
    """Compiles some contracts of the copy and puts their code into its artifacts.

    :raises SystemExit: the patched source does not compile
    """
    sources = {
        str(path.relative_to(folder)): {"content": path.read_text()}
        for name in contracts
        for path in (folder / "contracts").rglob(f"{name}.sol")
    }
    wanted = {"*": {name: ["evm.bytecode.object"] for name in contracts}}
    question = {
        "language": "Solidity",
        "sources": sources,
        "settings": settings() | {"outputSelection": wanted},
    }
    command = [str(folder / "scripts" / "toolchain" / "solc-v0.8.30"), "--standard-json"]
    done = subprocess.run(
        command, input=json.dumps(question), cwd=folder, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    if errors:
        raise SystemExit("threats: a patched contract does not compile\n" + "\n".join(errors))
    for found in answer["contracts"].values():
        for name, built in found.items():
            artifact = folder / ".build" / "contracts" / f"{name}.json"
            stored = json.loads(artifact.read_text())
            stored["bytecode"] = built["evm"]["bytecode"]["object"]
            artifact.write_text(json.dumps(stored))


def run_tests(folder: Path, tests: str) -> tuple[int, list[Failure]]:
    """Runs attack tests of the copy: how many there are, and those that failed."""
    report = folder / "report.xml"
    command = [
        sys.executable, "-m", "pytest", "-p", "no:pytest-brownie", "-p", "no:cacheprovider", "-q",
        f"--junitxml={report}", tests,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True)
    failures: list[Failure] = []
    count = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        count += 1
        broken = [*case.iter("failure"), *case.iter("error")]
        failures += [Failure(str(case.get("name")), _assertion(found)) for found in broken]
    return count, failures


def _assertion(found: ElementTree.Element) -> str:
    """The words of an assertion that failed."""
    match = re.match(r"AssertionError: (.*)", str(found.get("message", "")))
    return match[1].split("\n")[0] if match and found.tag == "failure" else ""


def file_of(test: str) -> str:
    """The file that holds an attack test."""
    (found,) = [p for p in (ROOT / TESTS).glob("test_*.py") if f"def {test}(" in p.read_text()]
    return str(found.relative_to(ROOT))


def without(guard: Guard, tests: str) -> tuple[int, list[Failure]]:
    """Tests on contracts that lack the guard."""
    with tempfile.TemporaryDirectory(prefix="flowcover-threats-") as name:
        folder = Path(name)
        copy_of_repository(folder)
        source = folder / "contracts" / guard.file
        source.write_text(guard.taken_out(source.read_text()))
        compile_in(folder, guard.contracts)
        return run_tests(folder, tests)


def verdict(guard: Guard, count: int, failures: list[Failure]) -> str | None:
    """Why a guard's removal did not do what it should; None when it did."""
    named = [failure for failure in failures if failure.test == guard.test]
    others = [failure.test for failure in failures if failure.test != guard.test]
    if not count:
        return "no test ran"
    if not named:
        return "its test did not fail" + (f", but {', '.join(others)} did" if others else "")
    if not named[0].assertion:
        return "its test failed otherwise than by its assertion"
    return f"so did {', '.join(others)}" if others else None


def page(assertions: dict[str, str], everything: bool) -> str:
    """docs/security/threats.md."""
    rows = [
        f"| {guard.threat} | {guard.guard} (`{guard.file}`) | `{guard.test}` "
        f"| {assertions[guard.test]} |"
        for guard in GUARDS
    ]
    elsewhere = [f"| {threat} | {guard} | {test} |" for threat, guard, test in ELSEWHERE]
    return TEXT.format(
        tests=TESTS,
        rows="\n".join(rows),
        elsewhere="\n".join(elsewhere),
        scope="all attack tests" if everything else "the attack test",
        others=", and no other test does" if everything else "",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="guards whose test's name holds this")
    parser.add_argument("--from", type=int, default=1, dest="first", help="first guard, from 1")
    parser.add_argument("--to", type=int, default=len(GUARDS), dest="last", help="last guard")
    parser.add_argument(
        "--all", action="store_true", help="run every attack test, not only its own"
    )
    options = parser.parse_args()
    chosen = [g for g in GUARDS[options.first - 1 : options.last] if options.only in g.test]
    part = len(chosen) < len(GUARDS)
    assertions: dict[str, str] = json.loads(KEPT.read_text()) if part and KEPT.exists() else {}
    wrong = 0
    for number, guard in enumerate(chosen, 1):
        own = f"{file_of(guard.test)}::{guard.test}"
        count, failures = without(guard, TESTS if options.all else own)
        problem = verdict(guard, count, failures)
        wrong += problem is not None
        named = next((f.assertion for f in failures if f.test == guard.test), "")
        if problem is None:
            assertions[guard.test] = named
            KEPT.write_text(json.dumps(assertions))
        print(f"[{number}/{len(chosen)}] without {guard.guard}", flush=True)
        print(f"    {f'WRONG: {problem}' if problem else f'{guard.test}: {named}'}", flush=True)
    if wrong:
        print(f"threats: {wrong} of {len(chosen)} guards were not missed as they should be")
        return 1
    if all(guard.test in assertions for guard in GUARDS):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(assertions, options.all))
    print(f"threats: {len(chosen)} guards, each missed by exactly its own test")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
