"""One application for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import Bench
from tests.support.receiver import receiver
from tests.support.world import World


def local(folder: Path) -> Iterator[Bench]:
    """An application that may send webhooks to loopback, and whose indexed blocks are final."""
    made = Bench(folder, webhook_networks="127.0.0.0/8", finality_depth=0)
    yield made
    made.client.close()
    made.database.close()


@pytest.fixture
def local_bench(tmp_path: Path) -> Iterator[Bench]:
    yield from local(tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.client.close()
    made.database.close()


@pytest.fixture
def world(local_bench: Bench) -> Iterator[World]:
    """Something of everything, of one platform."""
    with receiver() as hook:
        yield World(local_bench, hook.url)


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same for a module whose tests do not stand in each other's way."""
    with receiver() as hook:
        for bench in local(tmp_path_factory.mktemp("world")):
            yield World(bench, hook.url)
