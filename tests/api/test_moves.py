"""Moves that a policy's status does not allow are refused before anything is queued."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Bench, kind_of
from tests.support.world import World

LESS = {"sum_insured": "1000000", "loss_per_hour": "1000000"}


def ended(bench: Bench, how: str) -> None:
    now = bench.market.time
    if how == "cancelled":
        bench.event("PolicyBook", "PolicyCancelled", policy=1, refund=5, end=now)
    elif how == "lapsed":
        bench.event("PolicyBook", "PolicyLapsed", policy=1, at=now)
    else:
        bench.event("PolicyBook", "PolicyFinished", policy=1, refund=5, end=now)


def ask(world: World, what: str) -> Any:
    bodies: dict[str, Any] = {
        "top-ups": {"amount": "1000000"},
        "cancellation": None,
        "reductions": LESS,
        "endorsement-preview": LESS,
        "endorsements": world.body("create_endorsement", None),
    }
    return world.bench.post(f"/policies/1/{what}", bodies[what], world.key)


@pytest.mark.parametrize("how", ["cancelled", "expired"])
@pytest.mark.parametrize(
    "what", ["top-ups", "cancellation", "reductions", "endorsement-preview", "endorsements"]
)
def test_move__policy_is_over__is_409_and_queues_nothing(world: World, how: str, what: str) -> None:
    ended(world.bench, how)
    queued = len(world.bench.transactions())
    answer = ask(world, what)
    assert (answer.status_code, kind_of(answer)) == (409, "conflict")
    assert answer.json()["stage"] == how
    assert len(world.bench.transactions()) == queued


@pytest.mark.parametrize("what", ["cancellation", "reductions", "endorsements"])
def test_move__policy_has_lapsed__only_a_top_up_is_let_through(world: World, what: str) -> None:
    ended(world.bench, "lapsed")
    assert kind_of(ask(world, what)) == "conflict"
    assert ask(world, "top-ups").status_code == 202
