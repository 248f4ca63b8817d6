"""Runs the detectors over the captures that must fire and those that must not
(``python -m oracles.model.triggers``); changes when the way of judging a capture does.

Payable perils are judged on the recordings of the path, by what a committee at its vantage points
would attest. A part of a laboratory recording that must fire is seen with what its network did
before it, as a sensor would have, and only alerts that begin within the part count. A part that
must not fire for any peril is seen alone. Exit code 1 when a capture does not do what it must, or
is missing.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from oracles.domain.alert import Alert
from oracles.domain.alerts import alerts
from oracles.domain.flow import ends_us
from oracles.domain.thresholds import SECOND
from oracles.domain.window import own_hosts
from oracles.model import payable, peril_pages
from oracles.model.datasets import ROOT, placed
from oracles.traffic.sources import open_source

LIST: Final = Path(__file__).with_name("triggers.toml")
PAGE: Final = ROOT / "docs" / "triggers.md"


@dataclass(frozen=True)
class Entry:
    """One capture, or one part of a laboratory recording, and what must be true of it."""

    base: str
    file: str
    must: bool
    part: str = ""
    peril: str = ""
    threshold: str = ""

    @property
    def name(self) -> str:
        return Path(self.file).name + (f" · {self.part}" if self.part else "")

    @property
    def expects(self) -> str:
        what = self.peril or "anything"
        return f"{'fire' if self.must else 'not fire'}: {what}"

    def concerns(self, alert: Alert) -> bool:
        """Whether the alert is one that the entry speaks of."""
        of_peril = self.peril in ("", alert.peril)
        return of_peril and self.threshold in alert.origin.source


@dataclass(frozen=True)
class Outcome:
    """What an entry's capture did; ``found`` are the alerts that it speaks of, ``asset_days`` the
    minutes in which each asset of it had traffic, added up, in days."""

    entry: Entry
    found: Sequence[Alert]
    asset_days: float

    @property
    def passed(self) -> bool:
        return bool(self.found) == self.entry.must


def listed(path: Path = LIST) -> list[Entry]:
    """The entries of a list, in its order."""
    return [Entry(**entry) for entry in tomllib.loads(path.read_text())["capture"]]


def judge(entry: Entry) -> Outcome:
    """Runs the detectors over one entry. Raises FileNotFoundError for a missing file."""
    path = placed(entry.base, entry.file)
    if not path.exists():
        raise FileNotFoundError(path)
    if entry.peril in payable.ORIGINS:
        return Outcome(entry, payable.incidents(path, (entry.peril,)), 0.0)
    flows = open_source(path).flows
    start, end = _span(flows)
    if entry.part:
        parts = pd.read_parquet(path, columns=["recording"])["recording"].astype("str")
        inside = (parts == entry.part).to_numpy(np.bool_)
        start, end = _span(flows[inside])
        before = (flows["ts"] < start).to_numpy(np.bool_) & bool(entry.peril)
        flows = flows[inside | before].reset_index(drop=True)
    found = [
        alert
        for alert in alerts(flows)
        if entry.concerns(alert) and start - SECOND < alert.start_us <= end
    ]
    return Outcome(entry, found, _asset_days(flows))


def page(outcomes: Sequence[Outcome], missing: Sequence[Entry]) -> str:
    """The results as a page."""
    must = [o for o in outcomes if o.entry.must]
    must_not = [o for o in outcomes if not o.entry.must]
    calm = [o for o in must_not if not o.entry.peril]
    alerts_of_calm, days = sum(len(o.found) for o in calm), sum(o.asset_days for o in calm)
    lines = [
        "# Triggers",
        "",
        "Written by `python -m oracles.model.triggers`. The list of captures, and what each must",
        "do, is `oracles/model/triggers.toml`. The last ones are of the payable perils: whether a",
        "committee at the recording's vantage points attests a slot that pays",
        "(`oracles/model/payable.py`). All others are alerts: they raise the price and are",
        "reported, and none pays.",
        "",
        f"- must fire: {sum(o.passed for o in must)} of {len(must)}",
        f"- must not fire: {sum(o.passed for o in must_not)} of {len(must_not)}",
        f"- alerts on benign captures: {alerts_of_calm} in {days:.2f} asset-days (private"
        f" addresses, or those that answer), of {len(calm)} captures",
        f"- not judged, because the file is not there: {len(missing)}",
        "",
        "| capture | expected to | threshold | did | as expected |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {o.entry.name} | {o.entry.expects} | {o.entry.threshold or '–'} | {_did(o)} "
        f"| {'yes' if o.passed else '**no**'} |"
        for o in outcomes
    ]
    lines += [f"| {e.name} | {e.expects} | {e.threshold or '–'} | missing | – |" for e in missing]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Judges every entry, prints a table and writes the page."""
    console = Console()
    outcomes: list[Outcome] = []
    missing: list[Entry] = []
    for entry in track(listed(), "captures", console=Console(stderr=True), transient=True):
        try:
            outcomes.append(judge(entry))
        except FileNotFoundError:
            missing.append(entry)
    table = Table("capture", "expected to", "did", "as expected")
    for outcome in outcomes:
        entry = outcome.entry
        verdict = "yes" if outcome.passed else "[red]no[/red]"
        table.add_row(entry.name, entry.expects, _did(outcome), verdict)
    console.print(table)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    console.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} as expected")
    for entry in missing:
        console.print(f"missing: {entry.base}/{entry.file} {entry.part}")
    PAGE.write_text(page(outcomes, missing))
    peril_pages.write(outcomes)
    return 1 if failed or missing else 0


def _did(outcome: Outcome) -> str:
    if not outcome.found:
        return "silent"
    counts = pd.Series([alert.peril for alert in outcome.found]).value_counts()
    return ", ".join(f"{count} × {peril}" for peril, count in counts.items())


def _asset_days(flows: pd.DataFrame) -> float:
    """Some captures join recordings years apart, so only minutes with traffic count."""
    minute = (flows["ts"] // (60 * SECOND)).to_numpy()
    ends = pd.concat(
        pd.DataFrame({"host": flows[name].astype("str"), "minute": minute})
        for name in ("orig_h", "resp_h")
    )
    own = ends[ends["host"].isin(own_hosts(flows, 2 * len(flows)))]
    return len(own.drop_duplicates()) / 1_440


def _span(flows: pd.DataFrame) -> tuple[int, int]:
    if len(flows) == 0:
        return 0, 0
    return int(flows["ts"].min()), int(ends_us(flows).max())


if __name__ == "__main__":
    sys.exit(main())
