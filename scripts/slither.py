"""Runs Slither on the contracts; every finding above informational needs a reason (`make slither`).

    python -m scripts.slither PATH_OF_SLITHER

Writes docs/security/slither.md. Exit code 1 when a finding has no reason in `ACCEPTED`, or when a
reason has lost its finding.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.toolchain.compiler import settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security" / "slither.md"
COMPILER = ROOT / "scripts" / "toolchain" / "slither"
UNREADABLE = re.compile(r"Impossible to generate IR for (\S+)")


@dataclass(frozen=True)
class Accepted:
    """Findings of one check in functions whose name begins with one of `where`, and why they stay.

    `where` empty: anywhere.
    """

    check: str
    reason: str
    where: tuple[str, ...] = ()

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and (
            not self.where or finding.where.startswith(self.where)
        )


@dataclass(frozen=True)
class Finding:
    """What a check found in a function or variable, with its impact."""

    check: str
    impact: str
    where: str


ACCEPTED = (
    Accepted(
        "arbitrary-send-erc20",
        "`requestDeposit` has checked that the owner is the caller; the cell moves tokens of the "
        "two vaults that its constructor created, which gave it that allowance for it.",
        ("CapitalVault.requestDeposit", "Cell._move"),
    ),
    Accepted(
        "uninitialized-state",
        "The mapping is written through storage pointers (`Line storage line = _lines[id]`), the "
        "feed's scores by slot in assembly (`Lanes.store`).",
        ("Facility._lines", "ExposureLedger._limits", "RiskFeed._scores"),
    ),
    Accepted(
        "incorrect-shift",
        "A bit is set by its number: `shl(number, 1)` is 1 shifted left, as it is meant.",
        ("Batches._nextWord",),
    ),
    Accepted(
        "write-after-write",
        "The value is read behind the loop; the check does not follow the loop's `break`.",
        ("Multiproof._read",),
    ),
    Accepted(
        "divide-before-multiply",
        "The division is the rule: whole units of exposure (checked to be without remainder), the "
        "epoch that holds a slot, and the number of nodes between two places in memory, which lie "
        "64 bytes apart.",
        ("Facility.reserve", "Facility.releaseReservation", "RunReader.", "Multiproof.fold"),
    ),
    Accepted(
        "incorrect-equality",
        "Compared are the contract's own counts, masks and roots, never a balance that a stranger "
        "could move by one.",
    ),
    Accepted(
        "uninitialized-local",
        "Zero is the meant beginning: an empty mask, an empty batch, the first lane.",
    ),
    Accepted(
        "unused-return",
        "A view returns more than one caller needs; `tryRecover`'s error makes the signer address "
        "0, which no role and no committee holds; the checks of `requireUsable` and `lanesOf` "
        "revert.",
    ),
    Accepted(
        "reentrancy-no-eth",
        "The contracts called are the system's own, at immutable addresses, and call no stranger "
        "before they return; only the token can, and it is called last. A payment, a claim or a "
        "policy is booked in the caller's storage before the call that pays for it; what is "
        "written afterwards belongs to the next policy of a list.",
    ),
    Accepted(
        "reentrancy-benign",
        "As for `reentrancy-no-eth`: only own contracts are called before the write.",
    ),
    Accepted(
        "reentrancy-events",
        "As for `reentrancy-no-eth`; the events that follow a call tell of another policy of the "
        "list.",
    ),
    Accepted(
        "calls-loop",
        "Lists are given by the caller, who pays for them and can shorten them; no stranger adds "
        "to a list.",
    ),
    Accepted(
        "missing-zero-check",
        "Addresses of neighbours are computed before deployment and compared after it "
        "(`contracts/client/deployment.py`).",
    ),
    Accepted(
        "shadowing-local",
        "A parameter or return value of an interface or a constructor is called after the view "
        "that later tells it.",
    ),
    Accepted(
        "timestamp",
        "Chain time is the only clock (README); the windows are long against what a proposer of "
        "blocks can shift.",
    ),
)

TEXT = """# Slither

`make slither` runs Slither {version} in an environment of its own (`{lock}`)
on all contracts except mocks and writes this page. It fails when a finding above informational has
no reason here, or when a reason has lost its finding. {count} findings, all explained.

{sections}
## Functions that Slither cannot read

Slither fails to build its intermediate form for these (a `using ... for` on the result of an
arithmetic expression), so its checks do not see their bodies; they are covered by tests only.

{unreadable}
"""


def question() -> dict[str, Any]:
    """The compiler's input: every source but the mocks."""
    sources = {
        str(path.relative_to(ROOT)): {"content": path.read_text()}
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        if "mocks" not in path.parts
    }
    return {"language": "Solidity", "sources": sources, "settings": settings()}


def run(slither: Path) -> tuple[list[Finding], list[str]]:
    """Findings above informational, and the functions that Slither could not read.

    :raises SystemExit: Slither did not run to its end
    """
    with tempfile.TemporaryDirectory() as name:
        asked, answered = Path(name) / "input.json", Path(name) / "output.json"
        asked.write_text(json.dumps(question()))
        command = [
            str(slither), str(asked), "--compile-force-framework", "Solc-json",
            "--filter-paths", "node_modules", "--exclude-informational", "--exclude-optimization",
            "--json", str(answered),
        ]  # fmt: skip
        environment = os.environ | {"PATH": f"{COMPILER}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
        )
        if not answered.exists() or not json.loads(answered.read_text())["success"]:
            raise SystemExit(f"slither: did not run\n{done.stderr[-2_000:]}")
        results = json.loads(answered.read_text())["results"].get("detectors", [])
    findings = {Finding(r["check"], r["impact"], _where(r["elements"][0])) for r in results}
    unreadable = sorted(set(UNREADABLE.findall(done.stdout + done.stderr)))
    return sorted(findings, key=lambda f: (f.check, f.where)), unreadable


def _where(element: dict[str, Any]) -> str:
    """Contract and function, or contract and variable."""
    names = [element["name"]]
    parent = element.get("type_specific_fields", {}).get("parent")
    while parent and parent["type"] in ("contract", "function", "struct"):
        names.insert(0, parent["name"])
        parent = parent.get("type_specific_fields", {}).get("parent")
    return ".".join(names)


def page(findings: list[Finding], unreadable: list[str], version: str) -> str:
    """docs/security/slither.md."""
    sections = []
    for accepted in ACCEPTED:
        places: dict[str, list[str]] = defaultdict(list)
        for finding in findings:
            if accepted.covers(finding):
                places[finding.impact].append(f"`{finding.where}`")
        (impact,) = places
        sections.append(
            f"## {accepted.check} ({impact.lower()})\n\n{accepted.reason}\n\n"
            + ", ".join(places[impact])
            + "\n"
        )
    return TEXT.format(
        version=version,
        lock=(COMPILER / "requirements.lock").relative_to(ROOT),
        count=len(findings),
        sections="\n".join(sections),
        unreadable=", ".join(f"`{name}`" for name in unreadable) or "None.",
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    slither = Path(arguments[0])
    findings, unreadable = run(slither)
    unexplained = [f for f in findings if not any(a.covers(f) for a in ACCEPTED)]
    stale = [a for a in ACCEPTED if not any(a.covers(f) for f in findings)]
    for finding in unexplained:
        print(f"slither: {finding.impact} {finding.check} in {finding.where} has no reason")
    for accepted in stale:
        print(f"slither: the reason for {accepted.check} in {accepted.where} has lost its finding")
    if unexplained or stale:
        return 1
    version = subprocess.run(
        [str(slither), "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    PAGE.write_text(page(findings, unreadable, version))
    print(f"slither: {len(findings)} findings above informational, all explained in {PAGE.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
