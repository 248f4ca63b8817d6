"""Measures the gas of each named scenario; writes tests/gas.json and docs/gas.md (`make gas`).

The comparison with other contracts is written into README.md too. The measuring itself is
tests/support/gas.py, on a Ganache of its own; `make test` fails when a scenario has grown by more
than 2 % over tests/gas.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SNAPSHOT = ROOT / "tests" / "gas.json"
PAGE = ROOT / "docs" / "gas.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- make gas: begin -->\n", "<!-- make gas: end -->\n"

INCLUDES = {
    "certificate.post.per_item": "root and totals by the contract, underwriter's signature, "
    "reserved exposure drawn down, premium from the float",
    "certificate.commit.batch": "any size up to 100,000; the same bookings",
    "certificate.claim.per_item.k100.netted": "1,000 in the batch, one proof, one transfer to the "
    "platform",
    "certificate.claim.per_item.k100.pushed": "half of the holders without balance",
    "certificate.expire.batch": "capital and caps released",
    "policy.bind": "quote signature, rate check, premium pulled, capital locked, exposure booked, "
    "index started",
    "policy.settle": "holder with balance; liability, due, two tranches",
    "policy.finish.per_item.k50": "premium settled when cover has ended, the rest pushed to 50 "
    "holders with balance",
    "policy.expire.per_item.k50": "all bookings released; premium was settled when cover ended",
    "policy.expire.per_item.k50.at_once": "both in one call, where nobody finished them before",
    "risk.report.per_risk.n256.with_index": "the same, per indexed risk, with cover in force on "
    "100 of the 256",
    "risk.report.per_risk.n256.differing": "the same of members who disagree: each vector is sent",
    "risk.report.per_risk.n256": "3 signed vectors and the median on chain; members agree bit for "
    "bit, so the vector is sent once",
    "incident.attest": "3 members' own masks over 64 slots, quorum per slot, evidence",
}
"""What a scenario does, by the beginning of its key; the longest that fits counts."""

OTHERS = [
    ("policy bought", "policy.bind", "317,005", "1,155,123", "about 1,600,000", "632,000"),
    ("the same in a batch of 50", "", "138,352", "", "", ""),
    (
        "claim paid",
        "policy.settle.one",
        "187,203 to 204,303",
        "735,000 to 1,020,619",
        "about 2,200,000",
        "518,000",
    ),
    (
        "policy expired with its premium settled, 50 at once",
        "policy.expire.per_item.k50.at_once",
        "40,694",
        "",
        "",
        "",
    ),
    (
        "the same in two calls: settled when cover ends, released when no claim can follow",
        "policy.finish.per_item.k50 policy.expire.per_item.k50",
        "",
        "",
        "",
        "",
    ),
]
"""(act, our keys whose gas adds up, Ensuro v3, Etherisc GIF v2, gif-next, Nexus Mutual): gasUsed on
warm state."""

TEXT = """# Gas

`make gas` writes this page and `tests/gas.json`: gasUsed of receipts on Ganache (optimizer on, 200
runs, compiled by way of Yul (`viaIR`), EVM `shanghai`, plain OpenZeppelin ERC-20 with 6 decimals,
warm state). `make test` fails when a scenario grows by more than 2 %.

*Floor*: what no design avoids: 21,000 a transaction, 16 or 4 a byte of calldata, 22,100 a new
storage slot, 5,000 a changed one, 2,100 a cold read, 3,100 a signature, 16,456 a transferFrom,
14,356 a transfer to a holder with balance. *Most*: what the scenario is meant to cost at most.

| scenario | gas | floor | ratio | most | |
|---|---|---|---|---|---|
{rows}

{includes}

The rest above the floor goes into cold reads of other contracts' state (the liability of a claim
reads the policy, its product, the sum insured on the risk and the members' masks), calls between
contracts (2,600 each when cold) and events.

## Beside others

{comparison}"""

COMPARISON = """gasUsed a transaction on warm state; the other projects' figures were measured once
on their published contracts (Ensuro v3, Etherisc GIF v2, gif-next, Nexus Mutual), not by
`make gas`; empty where no figure is known.

| act | flowcover | Ensuro v3 | Etherisc GIF v2 | gif-next | Nexus Mutual |
|---|---|---|---|---|---|
{others}
"""


def measured() -> dict[str, tuple[int, int, int]]:
    """(gas, floor, most) by scenario, from a run of the snapshot's own test."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "gas.json"
        command = [
            sys.executable, "-m", "pytest", "-p", "no:pytest-brownie", "-p", "no:cacheprovider",
            "-q", str(ROOT / "tests" / "chain" / "gas"),
        ]  # fmt: skip
        environment = os.environ | {"FLOWCOVER_GAS_OUT": str(target), "PYTHONPATH": str(ROOT)}
        output = subprocess.run(
            command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
        )
        if not target.exists():
            raise SystemExit(f"gas: nothing was measured\n{output.stdout[-2_000:]}")
        rows = json.loads(target.read_text())
    return {key: (gas, floor, most) for key, (gas, floor, most) in sorted(rows.items())}


def include_of(key: str) -> str:
    """The beginning of the key that says what the scenario includes."""
    return max((start for start in INCLUDES if key.startswith(start)), key=len)


def page(figures: dict[str, tuple[int, int, int]]) -> str:
    """docs/gas.md."""
    rows = [
        f"| `{key}` | {gas:,} | {floor:,} | {gas / floor:.2f} | {most:,} "
        f"| {'' if gas <= most else 'over'} |"
        for key, (gas, floor, most) in figures.items()
    ]
    starts = sorted({include_of(key) for key in figures})
    return TEXT.format(
        rows="\n".join(rows),
        includes="\n".join(f"- `{start}`: {INCLUDES[start]}" for start in starts),
        comparison=comparison(figures),
    )


def comparison(figures: dict[str, tuple[int, int, int]]) -> str:
    """Our gas beside that of other projects' contracts."""
    others = []
    for act, keys, *cells in OTHERS:
        ours = sum(figures[key][0] for key in keys.split())
        others.append(f"| {act} | {f'{ours:,}' if ours else ''} | {' | '.join(cells)} |")
    return COMPARISON.format(others="\n".join(others))


def rewrite_readme(text: str) -> None:
    """Puts a text between README's two marks.

    :raises ValueError: a mark is missing
    """
    head, rest = README.read_text().split(BEGIN)
    _, tail = rest.split(END)
    README.write_text(head + BEGIN + text + END + tail)


def main() -> int:
    figures = measured()
    snapshot = {key: gas for key, (gas, _, _) in figures.items()}
    SNAPSHOT.write_text(json.dumps(snapshot, indent=2) + "\n")
    PAGE.write_text(page(figures))
    rewrite_readme(comparison(figures))
    for key, (gas, floor, most) in figures.items():
        mark = "" if gas <= most else "  over"
        print(f"{key:48s} {gas:>9,}  floor {floor:>8,}  x{gas / floor:4.2f}  most {most:>8,}{mark}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
