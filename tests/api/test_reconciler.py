"""The reconciler: equal values are silent, each that differs is named with both sides."""

from __future__ import annotations

from typing import Any

import pytest

from backend.jobs.reconcile import run_reconcile
from backend.reconciler import reconcile
from tests.support.api import PLATFORM, Bench
from tests.support.world import CLAIM, World


@pytest.fixture
def agreeing(world: World) -> Bench:
    """Contracts that say what the database says."""
    bench = world.bench
    bench.event(
        "Facility", "FloatDeposited", platform=PLATFORM.address, amount=10**9, balance=10**9
    )
    bench.contracts.views |= {
        ("PolicyBook", "released"): False,
        ("ClaimsDesk", "claimOf"): {"policy": 1},
    }
    return bench


def test_reconcile__everything_equal__reports_nothing(agreeing: Bench) -> None:
    found = reconcile(agreeing.services)
    assert (found.compared, found.differences) == (3, ())
    assert run_reconcile(agreeing.services) == 0


@pytest.mark.parametrize(
    ("view", "value", "thing", "field"),
    [
        (("Facility", "floatOf"), [10**9 + 1, 0, 0], f"float {PLATFORM.address}", "balance"),
        (("PolicyBook", "released"), True, "policy 1", "released"),
        (("ClaimsDesk", "claimOf"), {"policy": 5}, f"claim {CLAIM}", "policy"),
    ],
)
def test_reconcile__one_value_differs__is_named_and_counted(
    agreeing: Bench, view: tuple[str, str], value: Any, thing: str, field: str
) -> None:
    agreeing.contracts.views[view] = value
    (difference,) = reconcile(agreeing.services).differences
    assert (difference.thing, difference.field) == (thing, field)
    assert difference.database != difference.chain
    run_reconcile(agreeing.services)
    assert "flowcover_reconcile_differences 1.0" in agreeing.client.get("/metrics").text


def test_reconcile__nothing_indexed__compares_nothing(bench: Bench) -> None:
    assert reconcile(bench.services).compared == 0
