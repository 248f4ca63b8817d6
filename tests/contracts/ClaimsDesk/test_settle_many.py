"""Settling a list gives everyone what settling one by one would have given."""

from __future__ import annotations

import pytest

from tests.contracts.ClaimsDesk.conftest import INSTANT, granted

PER_SLOT = 100_000


def policies(world):
    """Same risk and product, but other limits, ends and losses; one is not covered."""
    world.mark([*range(150)])
    world.set_cover(1)
    world.set_cover(2, sum_insured=300_000)
    world.set_cover(3, end=world.time(6))
    world.set_cover(4, in_force=False)
    world.set_cover(5, loss_per_hour=36_000, sum_insured=5_000_000)
    world.after(170)
    return [2, 4, 3, 1, 5]


def amounts(events):
    return {e["policy"]: e["amount"] for e in events}


@pytest.mark.parametrize("backwards", [False, True])
def test_settle_many__any_order__gives_each_what_settling_alone_gives(world, backwards):
    order = policies(world)[:: -1 if backwards else 1]
    transaction = world.desk.settleMany(order, world.run(), {"from": world.relayer})
    assert {p: granted(transaction, p) for p in sorted(order)} == {
        1: (INSTANT, 147 * PER_SLOT - INSTANT),
        2: (300_000, 0),
        3: (3 * PER_SLOT, 0),
        4: (0, 0),
        5: (147 * 100, 0),
    }


def test_settle_many__one_already_settled_and_one_not_covered__pays_the_others(world):
    listed = policies(world)
    world.settle(2)
    transaction = world.desk.settleMany(listed, world.run(), {"from": world.relayer})
    assert set(amounts(transaction.events["ClaimPaid"])) == {1, 3, 5}


def test_settle_many__other_products_and_risks__reads_each_run(world):
    world.mark([*range(10)])
    world.mark([*range(5)], subject=8)
    world.set_cover(1)
    world.set_cover(2, risk=8)
    world.set_cover(3)
    world.after(20)
    transaction = world.desk.settleMany([1, 2, 3], world.run(), {"from": world.relayer})
    assert amounts(transaction.events["ClaimPaid"]) == {
        1: 7 * PER_SLOT,
        2: 2 * PER_SLOT,
        3: 7 * PER_SLOT,
    }
