"""Fuzzes every parser of what strangers send, for a time each; changes when the way of fuzzing is
another.

    python -m scripts.fuzz_parsers [--minutes 10] [--only pcap eve ...]

Inputs are sound samples damaged by hypothesis (tests/support/parsers.py), so a failure comes with
the smallest input that shows it. A parser fails when it raises anything but its typed refusal,
gives flows outside the schema, grows by more than the bound on one input, or needs more address
space than the limit. Each parser runs in a process of its own. Prints a table; exit code 1 when one
failed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from typing import Final

from hypothesis import HealthCheck, given, seed, settings
from rich.console import Console
from rich.table import Table

from tests.support.parsers import damaged, memory, parsers, play

ROUND: Final = 500
MOST_ADDRESSES: Final = 8 << 30


def fuzz(name: str, seconds: float) -> int:
    """Plays rounds of inputs until the time is up; how many inputs it were. Raises what fails."""
    parser = parsers()[name]
    deadline = time.monotonic() + seconds
    played = 0

    while time.monotonic() < deadline:

        @seed(played + 1)
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=HealthCheck.all(),
        )
        @given(damaged(parser.samples))
        def a_round(content: bytes) -> None:
            nonlocal played
            if time.monotonic() < deadline:
                played += 1
                play(parser, content)

        a_round()
    return played


def main() -> int:
    """Fuzzes each parser in a process of its own."""
    parser = argparse.ArgumentParser(description="Fuzzes every parser")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each parser")
    parser.add_argument("--only", nargs="+", choices=sorted(parsers()), help="only these")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
        inputs = fuzz(options.inside, options.minutes * 60)
        print(f"{inputs} {memory() >> 20}")
        return 0
    table = Table("parser", "inputs", "most memory", "outcome")
    failed = 0
    for name in options.only or parsers():
        command = [sys.executable, "-m", "scripts.fuzz_parsers", "--inside", name]
        command += ["--minutes", str(options.minutes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            failed += 1
            print(f"== {name}\n{done.stdout[-2_000:]}{done.stderr[-6_000:]}", file=sys.stderr)
            table.add_row(name, "-", "-", f"FAILED ({done.returncode})")
            continue
        played, megabytes = map(int, done.stdout.split())
        table.add_row(name, f"{played:,}", f"{megabytes:,} MB", "no crash")
        print(f"{name}: {played:,} inputs, {megabytes:,} MB", flush=True)
    Console(width=100).print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
