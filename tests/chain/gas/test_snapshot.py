"""Gas of each named scenario on the real system against the committed snapshot.

`make gas` measures anew, writes the snapshot and prints what each scenario may cost at most.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.gas import Measured, measure
from tests.support.local_chain import local_chain

SNAPSHOT = Path(__file__).resolve().parents[2] / "gas.json"
COMMITTED: dict[str, int] = json.loads(SNAPSHOT.read_text())
GROWTH = 0.02


@pytest.fixture(scope="module")
def figures() -> dict[str, Measured]:
    with local_chain() as chain:
        measured = measure(chain.web3)
    if target := os.environ.get("FLOWCOVER_GAS_OUT"):
        rows = {key: (m.gas, m.floor, m.most) for key, m in measured.items()}
        Path(target).write_text(json.dumps(rows))
    return measured


def test_snapshot__measured_scenarios__are_the_committed_ones(figures: dict[str, Measured]) -> None:
    assert sorted(figures) == sorted(COMMITTED)


@pytest.mark.parametrize("key", sorted(COMMITTED))
def test_snapshot__each_scenario__has_not_grown(figures: dict[str, Measured], key: str) -> None:
    measured = figures[key]
    assert measured.floor <= measured.gas
    assert measured.gas <= COMMITTED[key] * (1 + GROWTH), "run `make gas` if this is meant"
