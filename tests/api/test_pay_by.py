"""Claims say by when they are paid, and a metric counts the payments that came later."""

from __future__ import annotations

import pytest

from tests.support.api import HOLDER
from tests.support.world import CLAIM, World


def pay(world: World, late: int) -> None:
    """The claim's first payment, `late` seconds after its pay-by time."""
    claim = world.bench.get(f"/claims/{CLAIM}").json()
    world.bench.market.time = claim["pay_by"] + late
    world.bench.event(
        "ClaimsDesk", "ClaimPaid", claim=CLAIM, policy=1, payee=HOLDER.address, amount=10,
        seconds_=60, reviewed=False,
    )  # fmt: skip


@pytest.mark.parametrize(("late", "count"), [(1, "1.0"), (0, "0.0")])
def test_payment__against_its_pay_by_time__is_counted_when_late(
    world: World, late: int, count: str
) -> None:
    pay(world, late)
    metrics = world.bench.client.get("/metrics").text
    assert f"flowcover_pay_by_missed {count}" in metrics
