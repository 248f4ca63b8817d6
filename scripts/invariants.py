"""Nightly profile of the invariants: random histories of contracts and model, and a closing table.

python -m scripts.invariants [--runs 200] [--steps 40] [--seed N] [--write]

The histories are played by two processes at once, each on a chain of its own. `--write` leaves the
table in docs/invariants.md. A rule that never took effect fails the run, as does a history that
ended before its last step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "invariants.md"
RUNS, STEPS, SEED = 200, 40, 20_300_101
PLAYERS = 2
"""Processes, with neighbouring seeds."""
COUNTS = ("whole histories", "moves")
"""What is counted beside the rules."""
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def main(arguments: list[str] | None = None) -> int:
    """0 when contracts and model always agreed and every rule took effect."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="histories")
    parser.add_argument("--steps", type=int, default=STEPS, help="moves of a history")
    parser.add_argument("--seed", type=int, default=SEED, help="of the moves")
    parser.add_argument("--write", action="store_true", help="renew the table in the page")
    chosen = parser.parse_args(arguments)
    print(f"{chosen.runs} histories of {chosen.steps} moves, seed {chosen.seed}", flush=True)
    started = time.monotonic()
    did: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        counts = [Path(folder) / f"rules-{n}.json" for n in range(PLAYERS)]
        players = [
            _play(
                chosen.runs // PLAYERS + (n < chosen.runs % PLAYERS),
                chosen.steps, chosen.seed + n, file,
            )
            for n, file in enumerate(counts)
        ]  # fmt: skip
        code = max([player.wait() for player in players])
        for file in counts:
            if not file.exists():
                print("invariants: the histories did not begin", file=sys.stderr)
                return code or 1
            told = json.loads(file.read_text())
            did.update(told["did"])
            refused.update(told["refused"])
    minutes = (time.monotonic() - started) / 60
    whole = {name: did.pop(name, 0) for name in COUNTS}
    rows = [(name, did.get(name, 0), refused.get(name, 0)) for name in sorted({*did, *refused})]
    show(rows)
    never = [name for name, times, _ in rows if times == 0]
    short = whole["whole histories"] < chosen.runs
    if never:
        print(f"never took effect: {', '.join(never)}")
    outcome = "agreed" if code == 0 else "DISAGREED"
    line = (
        f"contracts and model {outcome} in {whole['whole histories']:,} histories of "
        f"{chosen.steps} moves (seed {chosen.seed}), {whole['moves']:,} comparisons, "
        f"{minutes:.1f} minutes"
    )
    print(line)
    if chosen.write and code == 0:
        write(rows, line)
    return code or int(bool(never) or short)


def _play(runs: int, steps: int, seed: int, counts: Path) -> subprocess.Popen[bytes]:
    """Begins to play; leaves what took effect in a file."""
    environment = os.environ | {
        "FLOWCOVER_RUNS": str(runs),
        "FLOWCOVER_STEPS": str(steps),
        "FLOWCOVER_SEED": str(seed),
        "FLOWCOVER_INVARIANTS_OUT": str(counts),
        "PYTHONPATH": str(ROOT),
    }
    command = [
        sys.executable, "-m", "pytest", "-p", "no:pytest-brownie", "-p", "no:cacheprovider",
        str(ROOT / "tests" / "chain" / "invariants" / "test_economy.py"),
    ]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def show(rows: list[tuple[str, int, int]]) -> None:
    """How often each rule really ran; refused: contracts and model both said no."""
    table = Table(title="Rules", title_justify="left")
    for column in ("rule", "took effect", "refused by both"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    for name, times, no in rows:
        table.add_row(name, f"{times:,}", f"{no:,}")
    Console().print(table)


def write(rows: list[tuple[str, int, int]], line: str) -> None:
    """Replaces the table of the page."""
    made = [BEGIN, "", "| rule | took effect | refused by both |", "|---|---:|---:|"]
    made += [f"| {name} | {times:,} | {no:,} |" for name, times, no in rows]
    made += ["", f"Closing line: {line}.", "", END]
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + "\n".join(made) + rest.split(END)[1])


if __name__ == "__main__":
    raise SystemExit(main())
