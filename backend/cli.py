"""The command line: `flowcover …`.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 settings missing or wrong, 4 node or
database not reachable, 5 the chain is another one than the database's.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from dataclasses import replace
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
from .settings import Settings, SettingsError, load
from .storage.migrate import downgrade, upgrade

FAILED, USAGE, SETTINGS, UNREACHABLE, WRONG_CHAIN = 1, 2, 3, 4, 5

app = typer.Typer(help="Parametric cyber cover on a blockchain.", no_args_is_help=True)
database = typer.Typer(help="Database migrations.", no_args_is_help=True)
app.add_typer(database, name="database")
app.add_typer(evidence_app, name="evidence")
app.command("audit")(audit_command)
if importlib.util.find_spec("oracles.cli") is not None:
    app.registered_commands.extend(importlib.import_module("oracles.cli").app.registered_commands)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def show(as_json: bool, fields: dict[str, Any]) -> None:
    """Prints a result as one JSON object or as aligned lines."""
    if as_json:
        print(json.dumps(fields))
        return
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print(f"{name:<{width}}  {value}")


@app.command()
def version(as_json: AsJson = False) -> None:
    """Print the version."""
    show(as_json, {"version": __version__})


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    jobs: Annotated[bool, typer.Option(help="Run the jobs in this process.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Serve the API; migrates the database first. Ends with SIGTERM after the running requests."""
    settings = load(os.environ)
    configure(settings.log_level)
    upgrade(settings.database_url)
    changed = _with(settings, host, port, jobs)
    if workers > 1:
        os.environ["FLOWCOVER_JOBS"] = "on" if changed.jobs else "off"
        uvicorn.run(
            "backend.app:from_environment",
            factory=True,
            workers=workers,
            host=changed.host,
            port=changed.port,
            log_config=None,
            access_log=False,
        )
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


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    print(written(offline_document()), end="")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Test settings, database and node before running anything."""
    services = create_services(load(os.environ))
    state = readiness(services)
    show(as_json, state.model_dump())
    if (state.database, state.node) != ("ok", "ok"):
        raise typer.Exit(UNREACHABLE)


@app.command()
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
        app()
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
