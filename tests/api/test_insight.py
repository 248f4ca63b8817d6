"""Pools, capacity, explanations, evidence coverage and the members' accountability over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.client.signatures import keccak256
from tests.support.api import ASSESSOR, HOLDER, Bench, kind_of
from tests.support.world import World


@pytest.fixture
def bench(world: World) -> Bench:
    return world.bench


def test_capacity__unknown_product__is_404(world: World) -> None:
    assert world.bench.get("/products/9/capacity", world.key, risk=0).status_code == 404


@pytest.mark.parametrize(
    ("room", "free", "bound_by"), [(10, 20, "caps"), (20, 10, "capital"), (10, 10, "caps")]
)
def test_capacity__caps_and_capital__is_the_smaller(
    world: World, room: int, free: int, bound_by: str
) -> None:
    world.bench.contracts.views |= {("ExposureLedger", "room"): room, ("Cell", "free"): free}
    world.bench.market.number += 1
    found = world.bench.get("/products/1/capacity", world.key, risk=0, dependencies=[1, 2]).json()
    assert (found["capacity"], found["bound_by"]) == ("10", bound_by)
    assert found["dependencies"] == [1, 2]


def test_pools__of_the_deployment__have_both_tranches(world: World) -> None:
    (pool,) = world.bench.get("/pools", world.key).json()["items"]
    assert [tranche["name"] for tranche in pool["tranches"]] == ["junior", "senior"]
    assert int(pool["assets"]) == int(pool["locked"]) + int(pool["free"])


def test_explanation__risk_without_evidence__is_404(world: World) -> None:
    asset = world.bench.asset(world.key, risk=1)
    assert asset
    query = {"product": 1, "sum_insured": "1000000"}
    answer = world.bench.get("/risks/1/explanation", world.key, **query)
    assert (answer.status_code, kind_of(answer)) == (404, "not-found")


def test_explanation__newest_score__has_reasons_and_remedies(world: World) -> None:
    query = {"product": 1, "sum_insured": "1000000"}
    found = world.bench.get("/risks/0/explanation", world.key, **query).json()
    assert (found["frame"], found["score"]) == (7, 2_000)
    assert found["because"][0]["effect"] > 0
    assert found["remedies"][0]["score"] < found["score"]


def observed(world: World, evidence: bytes, member: str, epoch: int, lost: int) -> Any:
    hashed = "0x" + keccak256(evidence).hex()
    return world.bench.event(
        "IncidentRegistry", "ObservationsRecorded", subject=0, epoch=epoch,
        records=[
            {"member": member, "lostMask": lost, "attackMask": 0, "evidenceHash": hashed}
        ],
    )  # fmt: skip


def epoch_now(world: World) -> int:
    length = world.bench.contracts.deployment.parameters.slot_length
    return world.bench.market.time // (64 * length)


def test_evidence__observation_whose_bundle_is_not_at_hand__lowers_the_figure(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from backend.evidence import Evidence

    folder = tmp_path_factory.mktemp("evidence")
    bundle = b'{"kind":"observation"}'
    name = keccak256(bundle).hex()
    (folder / name[:2]).mkdir()
    (folder / name[:2] / f"{name}.json").write_bytes(bundle)
    world.bench.services.evidence = Evidence(str(folder))
    observed(world, bundle, HOLDER.address, epoch_now(world), 1)
    observed(world, b"another", ASSESSOR.address, epoch_now(world), 1)
    observed(world, bundle, HOLDER.address, epoch_now(world) - 10_000, 1)
    found = world.bench.get("/policies/1/evidence", world.key).json()
    assert (found["observations"], found["held"], found["observations_bps"]) == (2, 1, 5_000)
    assert found["coverage_bps"] == 5_000


def test_evidence__report_without_the_sensors_data__lowers_the_figure(world: World) -> None:
    before = world.bench.get("/policies/1/evidence", world.key).json()
    for frame, lane in ((8, "07d0"), (9, "ffff")):
        world.bench.event(
            "RiskFeed", "ScoresReported", frame=frame, committeeVersion=1, firstRisk=0,
            modelHash="0x" + "3d" * 32, signerLanes=0, scores="0x" + lane + "ff" * 30,
            uncapped="0x",
        )  # fmt: skip
    after = world.bench.get("/policies/1/evidence", world.key).json()
    assert after["reports"] - before["reports"] == 2
    assert after["scored"] - before["scored"] == 1
    assert after["scores_bps"] == after["scored"] * 10_000 // after["reports"]


def test_members__one_saw_less_than_the_quorum__has_a_lower_agreement(world: World) -> None:
    observed(world, b"a", HOLDER.address, 1, 0b0111)
    observed(world, b"b", ASSESSOR.address, 1, 0b1001)
    first, second = world.bench.get("/committee/members", world.key).json()["items"]
    assert (first["agreed"], first["missed"], first["alone"]) == (3, 0, 0)
    assert (second["agreed"], second["missed"], second["alone"]) == (1, 2, 1)
    assert (first["agreement_bps"], second["agreement_bps"]) == (10_000, 2_500)
    assert first["rounds"] == first["signed"] + first["missed_rounds"] == 2
    assert second["missed_rounds"] == 2


@pytest.mark.parametrize("path", ["score", "scores", "rates", "explanation"])
def test_risk__number_beyond_the_contracts__is_an_invalid_request(world: World, path: str) -> None:
    query = {"product": 1, "sum_insured": "1"} if path == "explanation" else {}
    answer = world.bench.get(f"/risks/{2**64}/{path}", world.key, **query)
    assert (answer.status_code, kind_of(answer)) == (422, "invalid-request")
