"""`flowcover audit`: recomputes the ledger of a chain from a terminal.

Exit codes: 0 nothing differs, 1 something does, 4 the chain, the deployment file or the database
cannot be read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from backend.audit.chain import AuditError
from backend.audit.run import Audit, audit

UNREADABLE = 4


def addresses_of(path: Path) -> dict[str, str]:
    """Contract name to address from `deployment.json`. :raises AuditError:"""
    try:
        found: dict[str, str] = json.loads(path.read_text())["contracts"]
    except (OSError, ValueError, KeyError) as error:
        raise AuditError(f"{path} is no deployment file: {error}") from error
    return found


def as_object(found: Audit) -> dict[str, object]:
    """The result for a program."""
    stored = found.comparison
    return {
        "block": {"number": found.pin.number, "hash": found.pin.hash},
        "recomputed": dict(found.result.recomputed),
        "on_chain": dict(found.result.on_chain),
        "findings": [str(finding) for finding in found.result.findings],
        "database_rows": stored.rows if stored else None,
        "database_differences": [str(d) for d in stored.differences] if stored else [],
        "differences": found.differences,
    }


def show(found: Audit) -> None:
    """The result for a person: counts, each difference with its cause, a closing line."""
    table = Table(title=f"Recomputed at block {found.pin.number:,}", title_justify="left")
    for column in ("kind", "on chain", "recomputed"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for kind, count in sorted(found.result.on_chain.items()):
        table.add_row(kind, f"{count:,}", f"{found.result.recomputed[kind]:,}")
    Console().print(table)
    stored = found.comparison
    for difference in [*found.result.findings, *(stored.differences if stored else [])]:
        print(f"differs: {difference}")
    compared = f", {stored.rows:,} database rows compared" if stored else ""
    objects = sum(found.result.recomputed.values())
    print(f"{objects:,} objects recomputed{compared}, {found.differences} differences")


def command(
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of any node of the chain.")],
    deployment: Annotated[Path, typer.Option(help="deployment.json with the addresses.")],
    database: Annotated[
        str | None, typer.Option(help="URL of a backend's database to compare.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute every premium and payout from the chain alone."""
    try:
        with Progress(transient=True, disable=as_json) as bar:
            task = bar.add_task("reading events")

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            found = audit(rpc, addresses_of(deployment), database, progress)
    except AuditError as error:
        typer.echo(f"flowcover audit: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print(json.dumps(as_object(found)))
    else:
        show(found)
    raise typer.Exit(1 if found.differences else 0)
