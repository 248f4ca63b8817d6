"""Records the traffic that the project ships: real tools between namespaces, nothing else.

    sudo .venv/bin/python scripts/record_traffic.py demo benign ...   (or: all)
    sudo .venv/bin/python scripts/record_traffic.py web_shop office ...   (or: lab)
    .venv/bin/python scripts/record_traffic.py table

The last shows what the shipped recordings of the laboratory came to and writes docs/laboratory.md,
as recording them does. The others need root for the namespaces. A recording that does not show what
it is for is refused and leaves the shipped one as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.lab import path, site  # noqa: E402
from scripts.lab.capture import pack  # noqa: E402
from scripts.lab.manifest import write_manifest  # noqa: E402
from scripts.lab.netns import LabError, Missed  # noqa: E402
from scripts.lab.networks import SITES  # noqa: E402
from scripts.lab.plans import PLANS, Plan  # noqa: E402
from scripts.lab.programs import FOR_LAB, FOR_PATH, versions  # noqa: E402
from scripts.lab.site import Site  # noqa: E402
from scripts.lab.verdict import OutOfBand  # noqa: E402

SHIPPED = ROOT / "oracles" / "recordings"
PAGE = ROOT / "docs" / "laboratory.md"
COLUMNS = ("network", "recording", "lasts", "flows", "hostile", "measured")
NUMBERS = ("lasts", "flows", "hostile")
TRIES = 5


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that servers can look into under other accounts, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="flowcover-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def make_recording(plan: Plan, out: Path, tools: dict[str, str]) -> None:
    """Record, pack, and put the whole recording in place at once.

    A flood out of its band is recorded again with a pause that makes up for it.
    """
    for _ in range(TRIES):
        with scratch_folder() as scratch:
            try:
                files = path.record(plan, scratch, tools, say)
            except OutOfBand as error:
                say(str(error))
                plan = with_rate(plan, error.rate)
                continue
            put_in_place(plan, files, scratch / "packed", out)
            return
    raise LabError(f"{plan.name}: the flood missed its rate {TRIES} times; is the machine busy?")


def with_rate(plan: Plan, rate: float) -> Plan:
    """The plan with a pause that turns a flood of ``rate`` into one inside its band."""
    low, high = plan.flood_band
    wanted = min((low + high) / 2, low * 1.25)
    return replace(plan, flood_pause_us=max(200, round(plan.flood_pause_us * rate / wanted)))


def put_in_place(plan: Plan, files: Sequence[Path], packed: Path, out: Path) -> None:
    """Pack what is not packed yet and replace the whole recording."""
    packed.mkdir()
    for file in files:
        if file.suffix in (".json", ".parquet"):
            shutil.copy(file, packed)
        else:
            say(f"{plan.name}: packing {file.name}")
            pack(file, packed)
    target = out / plan.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(packed, target)


def make_network(network: Site, out: Path, tools: dict[str, str]) -> None:
    """Record one network of the laboratory and put its flows and truth in place.

    One that does not show what it is for is recorded again.
    """
    for _ in range(TRIES):
        with scratch_folder() as scratch:
            try:
                files = site.record(network, scratch, tools, say)
            except Missed as error:
                say(str(error))
                continue
            (out / "lab").mkdir(parents=True, exist_ok=True)
            for file in files:
                shutil.copy(file, out / "lab")
            return
    raise LabError(f"{network.name}: missed {TRIES} times; is the machine busy?")


def came_to(name: str, out: Path) -> Iterator[tuple[str, ...]]:
    """What each recording of a network came to, in the units of its band."""
    truth = json.loads((out / "lab" / f"{name}.json").read_text())
    for part in truth["recordings"]:
        lasts = (part["end"] - part["start"]) // 1_000_000
        measured = ", ".join(f"{n:,} {unit}" for unit, n in (part["measured"] or {}).items())
        counts = (f"{lasts} s", f"{part['flows']:,}", f"{part['hostile_flows']:,}")
        yield (name, part["name"], *counts, measured)


def show(names: Sequence[str], out: Path) -> None:
    """The closing table."""
    table = Table(title="The laboratory", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    for name in names:
        for row in came_to(name, out):
            table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 110).print(table)


TEXT = """# The traffic laboratory

`make lab` records six networks of namespaces again, and the thresholds beside them (root, 80
minutes); `python scripts/record_traffic.py table` writes this page from what is shipped. Each
network has its own benign mix, a day in small, and attacks that share protocol, port and direction
with what is benign there. *above* and *below* stand for a recording just above a peril's threshold
and one just below it; *measured* is the value that the threshold is compared with. What a threshold
is and where it comes from stands on the [perils' pages](perils/); which fire and which do not, in
[triggers.md](triggers.md).

{table}
"""


def page(out: Path) -> str:
    """docs/laboratory.md, from what is in the folder."""
    ruler = ["---:" if name in NUMBERS else "---" for name in COLUMNS]
    rows = [COLUMNS, ruler, *(row for name in SITES for row in came_to(name, out))]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return TEXT.format(table=table)


def chosen(words: Sequence[str]) -> list[str]:
    """Names of recordings and networks, with ``all`` and ``lab`` spelled out."""
    groups = {"all": list(PLANS), "lab": list(SITES)}
    return [name for word in words for name in groups.get(word, [word])]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    known = (*PLANS, "all", *SITES, "lab", "table")
    parser.add_argument("recordings", nargs="+", choices=known, metavar="RECORDING")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args(argv)
    try:
        if options.recordings == ["table"]:
            show(list(SITES), options.out)
            PAGE.write_text(page(options.out), encoding="utf-8")
            return 0
        if os.geteuid() != 0:
            raise LabError("namespaces need root: run it with sudo")
        names = chosen(options.recordings)
        tools = {
            group: versions(programs)
            for group, programs in ((True, FOR_LAB), (False, FOR_PATH))
            if any((name in SITES) is group for name in names)
        }
        for name in names:
            if name in SITES:
                make_network(SITES[name], options.out, tools[True])
            else:
                make_recording(PLANS[name], options.out, tools[False])
            write_manifest(options.out)
        networks = [name for name in names if name in SITES]
        if networks:
            show(networks, options.out)
            if options.out == SHIPPED:
                PAGE.write_text(page(options.out), encoding="utf-8")
    except LabError as error:
        say(f"record_traffic: {error}")
        return 1
    except KeyboardInterrupt:
        say("record_traffic: stopped; the network is removed and nothing was changed")
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
