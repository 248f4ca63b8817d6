"""``flowcover flows|score|incidents FILE``; changes when what these commands take or print does.

Each reads any supported source, shows its progress on standard error, and prints a table, or with
``--json`` one array of objects. A file that cannot be read ends with one line and exit code 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from oracles.domain.flow import FlowBatch

app = typer.Typer(help="Flows, scores and incidents of a file.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A capture or flow log of any supported kind.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array.")]
Plot = Annotated[Path | None, typer.Option(help="Write a plot to this .png or .html file.")]
Asset = Annotated[
    list[str] | None,
    typer.Option(
        "--asset",
        help="NAME=ADDRESS[,CIDR…]; may be repeated. Without it: each private address by itself.",
    ),
]
FrameLength = Annotated[int, typer.Option(help="Seconds of a frame.", min=1)]


@app.command()
def flows(file: File, as_json: AsJson = False, plot: Plot = None) -> None:
    """Show the flows of a file, and what of it was refused."""
    from oracles import cli_report

    with _steps(file, 1) as step:
        batch = _read(file, step)
    if plot:
        cli_report.save(cli_report.plot_flows(batch.flows), plot)
    if as_json:
        _print(cli_report.flow_objects(batch.flows))
    else:
        cli_report.show_flows(batch, Console())


@app.command()
def score(
    file: File,
    asset: Asset = None,
    frame_length: FrameLength = 60,
    model: Annotated[
        Path | None,
        typer.Option(help="A folder of the model registry, instead of the shipped one."),
    ] = None,
    as_json: AsJson = False,
    plot: Plot = None,
) -> None:
    """Score every asset in every frame of a file, with reasons."""
    from oracles import cli_report
    from oracles.domain.features import features
    from oracles.domain.window import own_hosts
    from oracles.model.artefact import ModelError
    from oracles.model.scoring import Scorer

    with _steps(file, 3) as step:
        batch = _read(file, step)
        step("features")
        try:
            assets = _assets(asset) or own_hosts(batch.flows)
            table = features(batch.flows, assets, frame_length, 0)
        except ValueError as error:
            raise _refused(str(error)) from error
        step("scores")
        try:
            scorer = Scorer.load(model)
        except ModelError as error:
            raise _refused(str(error)) from error
        scored = cli_report.Scored(
            table.index, scorer.score(table), scorer.explain(table), frame_length
        )
    if plot:
        cli_report.save(cli_report.plot_scores(scored), plot)
    if as_json:
        _print(cli_report.score_objects(scored))
    else:
        cli_report.show_scores(scored, scorer.model_hash, Console())
        cli_report.show_drift(scorer.drift(table), Console())


@app.command()
def incidents(file: File, as_json: AsJson = False, plot: Plot = None) -> None:
    """Show the incidents and alerts of a file. Flows alone never make one payable: a payable peril
    needs probes from outside, and a quorum."""
    from oracles import cli_report
    from oracles.domain.alerts import alerts

    with _steps(file, 2) as step:
        batch = _read(file, step)
        step("detectors")
        found = alerts(batch.flows)
    if plot:
        cli_report.save(cli_report.plot_alerts(found), plot)
    if as_json:
        _print(cli_report.alert_objects(found, batch))
    else:
        cli_report.show_alerts(found, Console())


def _read(file: Path, step: Step) -> FlowBatch:
    from oracles.traffic.errors import SourceError
    from oracles.traffic.sources import open_source

    step("reading")
    try:
        return open_source(file)
    except SourceError as error:
        raise _refused(str(error)) from error
    except OSError as error:
        raise _refused(f"{file}: {error.strerror or error}") from error


def _assets(given: list[str] | None) -> dict[str, list[str]]:
    assets: dict[str, list[str]] = {}
    for text in given or []:
        name, equals, blocks = text.partition("=")
        if not (name and equals and blocks):
            raise ValueError(f"--asset {text}: expected NAME=ADDRESS[,CIDR…]")
        assets[name] = blocks.split(",")
    return assets


def _refused(problem: str) -> typer.Exit:
    print(f"flowcover: {problem}", file=sys.stderr)
    return typer.Exit(1)


def _print(objects: list[dict[str, Any]]) -> None:
    """One array, an object a line."""
    print("[" + ",\n".join(json.dumps(one) for one in objects) + "]")


class Step:
    """Tells the progress bar what is being done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)
        self._begun = False

    def __call__(self, doing: str) -> None:
        self._progress.update(self._task, description=doing, advance=int(self._begun))
        self._begun = True


@contextmanager
def _steps(file: Path, total: int) -> Iterator[Step]:
    columns = (
        SpinnerColumn(), TextColumn(file.name), BarColumn(), TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield Step(progress, total)


if __name__ == "__main__":
    app()
