"""`flowcover audit`: recomputes the ledger of a chain from a terminal.

Exit codes: 0 nothing differs, 1 something does, 4 the chain, the deployment file, the evidence or
the database cannot be read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from backend.audit.chain import AuditError
from backend.audit.run import Audit, Request, audit

UNREADABLE = 4


def addresses_of(path: Path) -> dict[str, str]:
    """Contract name to address from `deployment.json`. :raises AuditError:"""
    try:
        found: dict[str, str] = json.loads(path.read_text())["contracts"]
    except (OSError, ValueError, KeyError) as error:
        raise AuditError(f"{path} is no deployment file: {error}") from error
    return found


def show(found: Audit) -> None:
    """The result for a person: counts, each difference with its cause, a closing line."""
    table = Table(title=f"Recomputed at block {found.pin.number:,}", title_justify="left")
    for column in ("kind", "on chain", "recomputed"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, count in sorted(found.result.on_chain.items()):
        table.add_row(kind, f"{count:,}", f"{found.result.recomputed[kind]:,}")
    Console().print(table)
    if found.evidence is not None:
        for policy, (shown, frames) in found.evidence.coverage.items():
            print(f"evidence: policy {policy}: sensor data in {shown:,} of {frames:,} frames")
        for note in [*found.evidence.gaps, *found.evidence.remarks]:
            print(f"remark: {note}")
    stored = found.comparison
    for difference in [*found.result.findings, *(stored.differences if stored else [])]:
        print(f"differs: {difference}")
    print(found.closing_line())


def command(
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of any node of the chain.")],
    deployment: Annotated[Path, typer.Option(help="deployment.json with the addresses.")],
    evidence: Annotated[
        list[str] | None,
        typer.Option(help="Evidence of a member: a folder or s3://bucket/prefix; may be repeated."),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="Model registry, instead of the shipped one.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="URL of a backend's database to compare.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for bordereaux and reports; an interrupted audit resumes there."),
    ] = None,
    leaves: Annotated[
        Path | None, typer.Option(help="Folder with the leaf files of committed bordereaux.")
    ] = None,
    block: Annotated[
        int | None, typer.Option(help="Block to audit at, instead of the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute every score, premium and payout from the chain and its evidence alone."""
    from backend.audit.report import as_object, write_report

    try:
        with Progress(transient=True, disable=as_json or not sys.stderr.isatty()) as bar:
            task = bar.add_task("reading events")

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            request = Request(
                url=rpc,
                addresses=addresses_of(deployment),
                evidence=tuple(evidence or ()),
                models=models,
                database=database,
                memory=out / "reading.sqlite" if out else None,
                leaves=leaves,
                block=block,
            )
            found = audit(request, progress)
            if out is not None:
                write_report(found, out, progress)
    except AuditError as error:
        typer.echo(f"flowcover audit: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print(json.dumps(as_object(found)))
    else:
        show(found)
    raise typer.Exit(1 if found.differences else 0)
