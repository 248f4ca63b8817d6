"""One deployed system for all histories: each goes back to the state in which it was opened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.local_chain import local_chain
from tests.support.mirror import Kept, Mirror


@pytest.fixture(scope="session")
def opened() -> Iterator[tuple[Mirror, list[Kept]]]:
    with local_chain(stepped=True) as chain:
        mirror = Mirror(chain.web3)
        yield mirror, [mirror.keep()]


@pytest.fixture
def mirror(opened: tuple[Mirror, list[Kept]]) -> Mirror:
    mirror, kept = opened
    kept[0] = mirror.back(kept[0])
    return mirror
