"""The import rules: domain packages do no I/O, and imports point inward."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Modules of the standard library and of packages that touch the world: files, sockets, processes,
# clocks, randomness, databases, chains, web frameworks.
IO_MODULES = {
    "aiohttp", "alembic", "apscheduler", "asyncio", "brownie", "coincurve", "concurrent", "ctypes",
    "dask", "datetime", "distributed", "dpkt", "eth_account", "fastapi", "fileinput", "glob",
    "http", "httpx", "io", "logging", "lzma", "mmap", "multiprocessing", "netflow", "os",
    "pathlib", "pickle", "prometheus_client", "psycopg", "pyarrow", "random", "requests", "rich",
    "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "ssl",
    "starlette", "subprocess", "sys", "tempfile", "threading", "time", "typer", "urllib",
    "uvicorn", "web3",
}  # fmt: skip
IO_BUILTINS = {"open", "input", "print", "exec", "eval", "__import__"}
# Methods of pandas and numpy that read, write or draw random numbers.
IO_METHODS = {"read_csv", "read_parquet", "read_json", "to_csv", "to_parquet", "default_rng", "now"}

# Who may import whom among the project's own packages; the first that matches a module decides.
# `backend` sees only the messages of the oracles and the contracts' client; the audit's own replay
# of evidence, and the reasons of a score, run the oracles' pure rules and registered models;
# bundles are read where members keep them.
ALLOWED = [
    ("oracles/domain", {"oracles.domain"}),
    ("backend/domain", {"backend.domain"}),
    ("contracts/client", {"contracts.client"}),
    ("oracles", {"oracles", "contracts.client"}),
    ("backend/audit/evidence", {"backend.audit", "oracles"}),
    ("backend/assessments/reasons.py", {"backend", "oracles.model"}),
    ("backend/evidence.py", {"backend", "oracles.evidence"}),
    ("backend/cli.py", {"backend", "oracles.cli", "contracts.client"}),
    ("backend", {"backend", "contracts.client", "oracles.messages"}),
]
OWN = ("backend", "contracts", "oracles", "scripts", "tests")


def sources(folder: str) -> list[Path]:
    return sorted(p for p in (ROOT / folder).rglob("*.py") if ".build" not in p.parts)


def imports(text: str, package: str) -> Iterator[str]:
    """Full dotted names that a module of `package` imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                kept = parts[: len(parts) - node.level + 1]
                base = ".".join([*kept, base] if base else kept)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def io_of(text: str) -> list[str]:
    """Imports and built-ins with which a pure module would touch the world."""
    found = [name for name in imports(text, "") if name.split(".")[0] in IO_MODULES]
    nodes = list(ast.walk(ast.parse(text)))
    found += [n.id for n in nodes if isinstance(n, ast.Name) and n.id in IO_BUILTINS]
    return found + [n.attr for n in nodes if isinstance(n, ast.Attribute) and n.attr in IO_METHODS]


def outward(name: str, text: str) -> list[str]:
    """Imports of the project's own packages that the table does not allow the file `name`."""
    allowed = next((a for p, a in ALLOWED if name == p or name.startswith(p + "/")), None)
    if allowed is None:
        return []
    return [
        module
        for module in imports(text, ".".join(Path(name).parent.parts))
        if module.split(".")[0] in OWN
        and not any(module == a or module.startswith(a + ".") for a in allowed)
        and not any(a.startswith(module + ".") for a in allowed)
    ]


EVERY = sources("oracles") + sources("backend") + sources("contracts")
DOMAIN = [path for path in EVERY if "domain" in path.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_io_of__clock_file_and_socket__are_named() -> None:
    text = "import time\nfrom socket import socket\n\ndef f():\n    return open('x')\n"
    assert io_of(text) == ["time", "socket", "socket.socket", "open"]


def test_outward__domain_importing_a_service__is_named() -> None:
    text = "from ..chain import outbox\nfrom . import money\n"
    assert outward("backend/domain/pricing.py", text) == ["backend.chain", "backend.chain.outbox"]


def test_outward__backend_importing_an_oracle__is_named() -> None:
    assert outward("backend/claims/service.py", "import oracles.node\n") == ["oracles.node"]


@pytest.mark.parametrize("path", DOMAIN, ids=name_of)
def test_domain__any_file__imports_no_io(path: Path) -> None:
    assert io_of(path.read_text()) == []


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_imports__any_file__point_inward(path: Path) -> None:
    assert outward(name_of(path), path.read_text()) == []


@pytest.mark.parametrize("folder", ["oracles", "backend"])
def test_domain__each_package__exists(folder: str) -> None:
    assert any(folder in path.parts for path in DOMAIN)
