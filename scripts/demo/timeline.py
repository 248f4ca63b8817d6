"""What a person sees while the demonstration runs, and what it leaves behind as a report."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Timeline:
    console: Console
    started: float = field(default_factory=time.monotonic)
    transactions: list[dict[str, Any]] = field(default_factory=list)

    def _stamp(self) -> str:
        return f"[dim]{time.monotonic() - self.started:6.1f} s[/dim]"

    def chapter(self, title: str) -> None:
        self.console.print(f"\n{self._stamp()}  [bold]{title}[/bold]")

    def note(self, text: str) -> None:
        self.console.print(f"{self._stamp()}    {text}", soft_wrap=True)

    def clock(self, seconds: int, why: str) -> None:
        self.note(f"[cyan]chain time advanced by {seconds} s[/cyan]: {why}")

    def transaction(self, step: str, receipt: dict[str, Any]) -> None:
        """Prints one mined transaction and keeps it for the report."""
        entry = {
            "step": step,
            "hash": receipt["transactionHash"],
            "gas": int(receipt["gasUsed"], 16),
            "block": int(receipt["blockNumber"], 16),
        }
        self.transactions.append(entry)
        self.console.print(
            f"{self._stamp()}    {step:<44} {entry['hash'][:18]}…  {entry['gas']:>10,} gas",
            highlight=False,
            soft_wrap=True,
        )

    def closing_table(self, rows: list[tuple[str, str]]) -> None:
        table = Table(title="What happened", show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column(justify="right")
        for name, value in rows:
            table.add_row(name, value)
        self.console.print()
        self.console.print(table)


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Writes the report whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=2) + "\n")
    partial.replace(path)
