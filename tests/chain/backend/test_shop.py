"""The sample shop against the sandbox, every part a process: sold, attacked, told, paid."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.client import Client, calls
from backend.sandbox.schemas import MoveClock, StageIncident
from contracts.client.development import person
from scripts.demo.processes import Processes, processes
from scripts.sandbox import start
from tests.support.local_chain import free_port

COVERS = 50


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Processes]:
    with processes(tmp_path, lambda: False) as made:
        yield made


def test_shop__sells_fifty_covers_and_is_attacked__holders_are_paid_and_the_shop_is_told(
    group: Processes, tmp_path: Path
) -> None:
    known = start(group, tmp_path, 0, print)
    port = free_port()
    shop = f"http://127.0.0.1:{port}"
    platform = str(tmp_path / "platform.json")
    command = [sys.executable, "-m", "scripts.shop", "--platform", platform, "--port", str(port)]
    group.start("shop", command)
    group.wait_for_health("the shop", f"{shop}/orders")
    form = {"item": "kettle", "holder": person("holder").address, "covered": "true"}
    for _ in range(COVERS):
        assert httpx.post(f"{shop}/orders", data=form, timeout=60).status_code == 303

    def state() -> Any:
        return httpx.get(f"{shop}/orders", timeout=60).json()

    def statuses() -> set[str]:
        return {order["status"] for order in state()["orders"]}

    def all_are(status: str) -> bool:
        return statuses() == {status}

    def told() -> int:
        """Certificates whose payment the shop was told of by signed messages."""
        paid = [m["data"] for m in state()["messages"] if m["type"] == "certificates.paid"]
        return sum(int(values["count"]) for values in paid)

    assert statuses() <= {"covered", "posted"}
    assert {order["serial"] for order in state()["orders"]} == set(range(COVERS))
    with Client(known["url"], known["key"]) as api:
        api(calls.move_clock(MoveClock(seconds=30)))
        group.wait("the bordereaux", lambda: all_are("posted"), 60)
        staged = api(calls.stage_incident(StageIncident(risk=known["risk"], seconds=60)))
        now = api(calls.move_clock(MoveClock(seconds=1))).time
        api(calls.move_clock(MoveClock(seconds=max(1, staged.closes_at + 60 - now))))
        group.wait("the payment", lambda: all_are("paid"), 90)
        group.wait("the messages", lambda: told() == COVERS, 60)
        payouts = list(api.items(calls.list_payouts))
    messages = state()["messages"]
    assert sum(payout.count for payout in payouts) == COVERS
    assert sum(payout.amount for payout in payouts) == COVERS * 45 * 10**6
    forged = httpx.post(f"{shop}/webhooks", json=messages[0], headers={"webhook-id": "msg_forged"})
    assert forged.status_code == 401
