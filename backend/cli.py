"""The command line: `flowcover …`; every expected failure is one line and an exit code."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from contracts.client.errors import ChainError

from . import __version__
from .app import create_app, create_services, offline_document
from .audit.cli import command as audit_command
from .audit.evidence.cli import app as evidence_app
from .chain.indexer import WrongChain
from .http.openapi import written
from .jobs.scheduler import Jobs
from .observability.api import readiness
from .observability.logs import configure
from .reconciler import reconcile
from .serving import run_workers
from .settings import Settings, SettingsError, load
from .storage.migrate import downgrade, upgrade

FAILED, USAGE, SETTINGS, UNREACHABLE, WRONG_CHAIN = 1, 2, 3, 4, 5
EXIT_CODES = {
    0: "done",
    FAILED: "refused, failed, or a difference was found",
    USAGE: "wrong usage",
    SETTINGS: "a setting is missing or wrong",
    UNREACHABLE: "the node or the database cannot be reached",
    WRONG_CHAIN: "the node's chain is not the database's or the deployment's",
}
"""Exit code → meaning, the same for every command."""

SERVICE, DATABASE, TRAFFIC, AUDIT = "Run the backend", "Database", "Look at traffic", "Check others"
_CODES = "Exit codes: " + "; ".join(f"{code} {text}" for code, text in EXIT_CODES.items()) + "."

app = typer.Typer(
    help="Parametric cyber cover on a blockchain: sell it, settle it, recompute it.",
    epilog=f"{_CODES} Every command takes --json. Settings are read from FLOWCOVER_… variables: "
    "see docs/cli.md.",
    no_args_is_help=True,
)
database = typer.Typer(help="Bring the database up or down.", no_args_is_help=True)
app.add_typer(database, name="database", rich_help_panel=DATABASE)
app.add_typer(evidence_app, name="evidence", rich_help_panel=AUDIT)
app.command("audit", rich_help_panel=AUDIT)(audit_command)
if importlib.util.find_spec("oracles.cli") is not None:
    _traffic = importlib.import_module("oracles.cli").app
    for _command in _traffic.registered_commands:
        _command.rich_help_panel = TRAFFIC
    app.registered_commands.extend(_traffic.registered_commands)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def show(as_json: bool, fields: dict[str, Any]) -> None:
    """Prints a result as one JSON object or as aligned lines."""
    if as_json:
        print(json.dumps(fields))
        return
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print(f"{name:<{width}}  {value}")


@app.command(rich_help_panel=SERVICE)
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    show(as_json, {"version": __version__})


@app.command(rich_help_panel=SERVICE)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    jobs: Annotated[bool, typer.Option(help="Run the jobs in this process.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Say in JSON what is served.")] = False,
) -> None:
    """Serve the API; migrates the database first. Ends with SIGTERM after the running requests."""
    settings = load(os.environ)
    configure(settings.log_level)
    upgrade(settings.database_url)
    changed = _with(settings, host, port, jobs)
    if as_json:
        show(True, {**changed.public(), "workers": workers})
    if workers > 1:
        os.environ["FLOWCOVER_JOBS"] = "on" if changed.jobs else "off"
        run_workers("backend.app:from_environment", changed.host, changed.port, workers, True)
        return
    config = uvicorn.Config(
        create_app(changed), host=changed.host, port=changed.port, log_config=None, access_log=False
    )
    uvicorn.Server(config).run()


def _with(settings: Settings, host: str | None, port: int | None, jobs: bool) -> Settings:
    return replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        jobs=settings.jobs and jobs,
    )


@app.command(rich_help_panel=SERVICE)
def openapi(as_json: AsJson = False) -> None:
    """List the API's operations; with --json print the OpenAPI document."""
    found = offline_document()
    if as_json:
        print(written(found), end="")
        return
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            print(f"{method.upper():<5} {path:<48} {operation['operationId']}")


@app.command(rich_help_panel=SERVICE)
def check(as_json: AsJson = False) -> None:
    """Test settings, database and node before running anything."""
    services = create_services(load(os.environ))
    state = readiness(services)
    show(as_json, state.model_dump())
    if (state.database, state.node) != ("ok", "ok"):
        raise typer.Exit(UNREACHABLE)


@app.command(rich_help_panel=SERVICE)
def jobs(
    name: Annotated[str | None, typer.Argument(help="Job to run; all when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one pass of each job, or of one, and end."""
    settings = load(os.environ)
    configure(settings.log_level)
    found = Jobs(create_services(settings))
    found.check()
    chosen = [job for job in found.all() if name in (None, job.name)]
    if not chosen:
        raise typer.BadParameter(f"no job {name}: {', '.join(job.name for job in found.all())}")
    for job in chosen:
        found.run(job)
    show(as_json, {"jobs": [job.name for job in chosen]})


@app.command("reconcile", rich_help_panel=AUDIT)
def reconcile_command(as_json: AsJson = False) -> None:
    """Compare the database with the contracts at the block that was indexed last."""
    found = reconcile(create_services(load(os.environ)))
    if as_json:
        print(json.dumps(asdict(found)))
    else:
        show(False, {"block": found.block, "compared": found.compared})
        for one in found.differences:
            print(f"{one.thing} {one.field}: {one.database} here, {one.chain} on chain")
    if found.differences:
        raise typer.Exit(FAILED)


@database.command("upgrade")
def database_upgrade(revision: str = "head", as_json: AsJson = False) -> None:
    """Bring the database to a revision."""
    upgrade(load(os.environ).database_url, revision)
    show(as_json, {"revision": revision})


@database.command("downgrade")
def database_downgrade(revision: str, as_json: AsJson = False) -> None:
    """Take the database back to a revision; `base` removes every table."""
    downgrade(load(os.environ).database_url, revision)
    show(as_json, {"revision": revision})


def main() -> None:
    """Runs a command; every expected failure is one line and its exit code."""
    try:
        app(prog_name="flowcover")
    except SettingsError as error:
        _end(SETTINGS, error)
    except WrongChain as error:
        _end(WRONG_CHAIN, error)
    except (ChainError, SQLAlchemyError) as error:
        _end(UNREACHABLE, error)
    except OSError as error:
        _end(FAILED, error)


def _end(code: int, error: Exception) -> None:
    print(f"flowcover: {str(error).splitlines()[0]}", file=sys.stderr)
    sys.exit(code)
