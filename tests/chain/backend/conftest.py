"""One chain with an insurer on it for all tests; each test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.insurer import Backend, Insurer
from tests.support.local_chain import local_chain

TABLE = pytest.StashKey[list[tuple[str, str, str]]]()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insurer]:
    with local_chain() as chain:
        yield Insurer(chain, tmp_path_factory.mktemp("insurer"))


@pytest.fixture
def insurer(founded: Insurer, tmp_path: Path) -> Iterator[Insurer]:
    snapshot = founded.chain.rpc("evm_snapshot")
    founded.folder = tmp_path
    founded.deployment.write(tmp_path / "deployment.json")
    yield founded
    founded.chain.rpc("evm_revert", snapshot)


@pytest.fixture(scope="session")
def crash_table(request: pytest.FixtureRequest) -> list[tuple[str, str, str]]:
    """Rows that the closing table shows: point, engine, outcome."""
    rows: list[tuple[str, str, str]] = []
    request.config.stash[TABLE] = rows
    return rows


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash.get(TABLE, [])
    if rows:
        terminalreporter.section(f"{len(rows)} points and faults survived")
        for point, engine, outcome in sorted(rows):
            terminalreporter.write_line(f"{point:<30} {engine:<11} {outcome}")


@pytest.fixture
def backend(insurer: Insurer) -> Iterator[Backend]:
    made = Backend(insurer)
    yield made
    made.close()
