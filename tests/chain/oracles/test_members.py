"""Members as processes on a real chain: they agree, report, and outlive crash, lie and restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from contracts.client.signatures import address_of, keccak256
from contracts.client.system import Deployment
from scripts.committee.local_chain import LocalChain, wait_until
from scripts.committee.processes import Committee
from tests.support.short_outage import DOWN, ShortOutage

LOST = list(range(DOWN.start // 2, DOWN.stop // 2))
"""Slots of two seconds in which the service was down."""

Make = Callable[[int], Committee]


@pytest.fixture
def committee(chain: LocalChain, deployment: Deployment, tmp_path: Path) -> Iterator[Make]:
    made: list[Committee] = []

    def make(n: int) -> Committee:
        made.append(Committee(chain, deployment, tmp_path, n, ShortOutage()))
        made[-1].establish()
        return made[-1]

    yield make
    for one in made:
        one.end()


def await_lost(one: Committee) -> None:
    """Lets chain time pass until the chain calls the slots lost."""

    def there() -> bool:
        one.chain.pass_time(1)
        one.caught_up()
        return one.lost() == LOST

    wait_until("the lost slots on chain", there, 120)


def await_score(one: Committee) -> None:
    """Lets chain time pass until the risk has a score."""

    def there() -> bool:
        one.chain.pass_time(5)
        one.caught_up()
        return bool(one.reports())

    wait_until("a score on chain", there, 120)
    score, _, frame = one.contract("RiskFeed").functions.scoreOf(one.risk).call()
    assert 0 <= score <= 10_000
    assert frame >= one.base // 10


def test_members__outage_under_flood__four_agree_report_and_keep_evidence(
    committee: Make,
) -> None:
    one = committee(4)
    one.prepare()
    one.start()
    one.play(44)
    await_lost(one)
    assert set(one.attacked()) >= set(LOST)
    await_score(one)
    recorded = one.observations()
    assert {seen["member"] for seen in recorded} == {address_of(key) for key in one.keys}
    for seen in recorded:
        url = one.urls[[address_of(key) for key in one.keys].index(seen["member"])]
        bundle = httpx.get(f"{url}/evidence/{seen['evidenceHash'].hex()}").content
        assert keccak256(bundle) == seen["evidenceHash"]
    stranger = httpx.post(f"{one.urls[0]}/gossip", json={"messages": [{"kind": "vector"}]})
    assert stranger.status_code == 400
    assert 'outcome="malformed"' in httpx.get(f"{one.urls[0]}/metrics").text


def test_members__holder_dies_and_another_restarts__same_slots_lost(committee: Make) -> None:
    one = committee(4)
    holder, restarted = one.holder(), (one.holder() + 2) % 4
    one.prepare({holder: "crash-on-attest"})
    one.start()
    one.play(26)
    one.kill(f"m{restarted}")
    one.start(f"m{restarted}")
    one.play(44)
    await_lost(one)
    wait_until("the holder's death", lambda: one.running[f"m{holder}"].poll() is not None)
    assert holder not in one.attests()


def test_members__one_of_seven_lies__same_slots_lost(committee: Make) -> None:
    one = committee(7)
    liar = (one.holder() + 1) % 7
    one.prepare({liar: "lie"})
    one.start()
    one.play(44)
    await_lost(one)
    assert liar in one.attests()
    assert address_of(one.keys[liar]) in [word["member"] for word in one.observations()]
