"""What a faulty member or a capture without an attack changes: `make test-faults`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scripts import check_demo
from tests.e2e.conftest import Run, payouts, receipts

Demo = Callable[..., Run]


@pytest.mark.parametrize("fault", ["crash", "lie"])
def test_demo__one_member_at_fault__pays_the_same_to_the_unit(demo: Demo, fault: str) -> None:
    run = demo("--fault", fault)
    assert run.code == 0, run.output
    assert payouts(run) == payouts(demo())


def test_demo__a_liar__is_counted_on_chain_first(demo: Demo) -> None:
    """The liar's vectors and masks are on chain, and its masks landed before the others'."""
    run = demo("--fault", "lie")
    liar = json.loads((run.folder / "faulty.json").read_text())
    found = list(check_demo.events(receipts(run)))
    told = [e.args["records"] for e in found if e.name == "ObservationsRecorded"]
    observers = [record["member"] for records in told for record in records]
    assert observers[0] == liar["address"].lower()
    signed = [e.args["signerLanes"] for e in found if e.name == "ScoresReported"]
    assert any(liar["lane"] in [word >> 8 * i & 0xFF for i in range(4)] for word in signed)


def test_demo__benign_capture__moves_the_rate_one_step_at_most_and_pays_nobody(demo: Demo) -> None:
    run = demo("--capture", "benign")
    assert run.code == 0, run.output
    assert run.report["premium_rate_after"] <= run.report["premium_rate_before"] * 1.15
    assert run.report["incident_quorum"] == 0
    assert run.report["claims_paid"] == 0


@pytest.mark.parametrize("capture", ["sensor_only_loss", "brute_force", "harmless_flood"])
def test_demo__attack_or_loss_but_not_both__pays_nobody(demo: Demo, capture: str) -> None:
    """Loss that only the sensor sees, guessing at a login, and a flood that the service outlives,
    under cover that is in force."""
    run = demo("--capture", capture)
    assert run.code == 0, run.output
    assert run.report["policies_bound"] >= 1
    assert run.report["claims_paid"] == 0
    found = list(check_demo.events(receipts(run)))
    told = [e.args["records"] for e in found if e.name == "ObservationsRecorded"]
    recorded = [record for records in told for record in records]
    if capture != "harmless_flood":
        assert not recorded
    assert not any(record["lostMask"] for record in recorded)
