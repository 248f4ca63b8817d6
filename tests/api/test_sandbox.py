"""The sandbox: off unless the deployment has one, and only for the caller's own risks."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.app import create_services
from backend.settings import SettingsError
from tests.support.api import DEPLOYMENT, OTHER, Bench, kind_of


def test_sandbox__not_configured__is_refused(bench: Bench) -> None:
    _, key = bench.platform()
    bench.asset(key)
    bench.services.sandbox = None
    bodies = {"clock": {"seconds": 1}, "scores": {"risk": 0, "score": 1}}
    for path, body in bodies.items():
        assert kind_of(bench.post(f"/sandbox/{path}", body, key)) == "sandbox-off"


def test_sandbox__another_platforms_risk__is_not_found(bench: Bench) -> None:
    _, key = bench.platform()
    bench.asset(key)
    _, other = bench.platform("Other", OTHER.address)
    assert kind_of(bench.post("/sandbox/scores", {"risk": 0, "score": 1}, other)) == "not-found"
    body = {"risk": 0, "seconds": 10}
    assert kind_of(bench.post("/sandbox/incidents", body, other)) == "not-found"


def test_sandbox__live_deployment__does_not_start(bench: Bench, tmp_path: Path) -> None:
    from dataclasses import replace

    DEPLOYMENT.write(tmp_path / "deployment.json")
    settings = replace(
        bench.settings,
        mode="live",
        deployment=tmp_path / "deployment.json",
        sandbox=tmp_path / "sandbox.json",
    )
    with pytest.raises(SettingsError, match="test deployments"):
        create_services(settings)


def test_sandbox__incident__says_when_its_slots_close(bench: Bench) -> None:
    _, key = bench.platform()
    bench.asset(key)
    staged = bench.post("/sandbox/incidents", {"risk": 0, "seconds": 20}, key).json()
    assert (staged["run_start"], staged["run_end"]) == (100, 109)
    parameters = DEPLOYMENT.parameters
    assert staged["closes_at"] == 110 * parameters.slot_length + parameters.max_report_delay
