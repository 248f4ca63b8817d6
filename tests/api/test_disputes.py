"""Disputes of scores: whose, once, answered once, and without effect of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import ADMIN, OTHER, Bench, kind_of
from tests.support.world import World

REASON = "the flows of that minute were our own load test"
ANSWER = {"upheld": True, "answer": "the sensor counted its own traffic"}


@pytest.fixture
def bench(world: World) -> Bench:
    return world.bench


def dispute(world: World, frame: int = 7, key: str | None = None) -> Any:
    body = {"frame": frame, "reason": REASON}
    return world.bench.post("/risks/0/disputes", body, key or world.key)


def test_dispute__frame_without_score__is_404(world: World) -> None:
    assert dispute(world, 99).status_code == 404


def test_dispute__by_the_insurer__is_403(world: World) -> None:
    assert kind_of(dispute(world, key=ADMIN)) == "forbidden"


def test_dispute__of_another_platforms_risk__is_404(world: World) -> None:
    _, other = world.bench.platform("Other", OTHER.address)
    assert dispute(world, key=other).status_code == 404


def test_dispute__of_one_score_twice__is_409(world: World) -> None:
    assert dispute(world).status_code == 201
    answer = dispute(world)
    assert (answer.status_code, kind_of(answer)) == (409, "conflict")


def test_dispute__opened__changes_no_score_rate_or_cover(world: World) -> None:
    paths = ("/risks/0/score", "/risks/0/rates", "/policies/1", "/assets/{}/assessment")
    before = [world.bench.get(p.format(world.asset), world.key).json() for p in paths]
    dispute(world)
    assert [world.bench.get(p.format(world.asset), world.key).json() for p in paths] == before


def test_answer__by_the_platform__is_403(world: World) -> None:
    made = dispute(world).json()
    answer = world.bench.post(f"/score-disputes/{made['id']}:answer", ANSWER, world.key)
    assert (answer.status_code, kind_of(answer)) == (403, "forbidden")


def test_answer__a_second_time__is_409_and_the_first_stays(world: World) -> None:
    made = dispute(world).json()
    path = f"/score-disputes/{made['id']}"
    assert world.bench.post(f"{path}:answer", ANSWER).status_code == 200
    again = world.bench.post(f"{path}:answer", ANSWER | {"upheld": False})
    assert (again.status_code, kind_of(again)) == (409, "conflict")
    found = world.bench.get(path, world.key).json()
    assert (found["status"], found["answer"]) == ("upheld", ANSWER["answer"])


def test_list__open_alone__is_what_the_insurer_has_to_answer(world: World) -> None:
    made = dispute(world).json()
    world.bench.post(f"/score-disputes/{made['id']}:answer", ANSWER | {"upheld": False})
    waiting = world.bench.get("/score-disputes", open=True).json()["items"]
    assert [row["id"] for row in waiting] == [world.dispute]
    everything = world.bench.get("/score-disputes", world.key).json()["items"]
    assert {row["status"] for row in everything} == {"open", "rejected"}
