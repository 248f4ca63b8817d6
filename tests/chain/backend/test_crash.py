"""The crash table: SIGKILL at every named point, and afterwards one effect on chain.

Each case brings the backend to the step before the point, runs the step in a process of its own
that kills itself there, and lets the backend of the test go on with the same database. The small
profile takes one case of each kind; FLOWCOVER_FULL=1 (`make crash`) takes all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from backend.chain.faults import POINTS
from contracts.client.development import person
from contracts.client.signatures import keccak256
from tests.support.consistency import events_on_chain, fresh_ledger, ledger_rows, orphans
from tests.support.engines import engine_name
from tests.support.insurer import COIN, Backend, Insurer
from tests.support.local_chain import ROOT, free_port, wait_until

FULL = os.environ.get("FLOWCOVER_FULL") == "1"
SMALL = {
    "outbox.signed_stored", "outbox.sent_not_stored", "indexer.range_not_committed",
    "indexer.rewind_not_committed", "job.queued",
}  # fmt: skip
DEPOSIT = 1_234 * COIN


@dataclass(frozen=True)
class Case:
    """How to come before a point, which jobs reach it, and what there must be once afterwards."""

    before: Callable[[Backend], None]
    jobs: tuple[str, ...]
    contract: str
    event: str
    environment: tuple[tuple[str, str], ...] = ()


def outbox_job(backend: Backend, who: str = "platform") -> str:
    return f"outbox-{person(who).address[2:10].lower()}"


def deposit(backend: Backend) -> None:
    """A deposit that is queued: its approval is final, so that the next intent is the deposit."""
    backend.onboard()
    backend.post("/facility/deposits", {"amount": str(1 * COIN)})
    backend.settle_chain()
    backend.post("/facility/deposits", {"amount": str(DEPOSIT)})


def deposit_sent(backend: Backend) -> None:
    deposit(backend)
    backend.insurer.chain.rpc("miner_stop")
    backend.run("outbox")


def deposit_mined(backend: Backend) -> None:
    deposit_sent(backend)
    backend.insurer.chain.rpc("miner_start")
    backend.insurer.chain.pass_time(1)


def deposit_final(backend: Backend) -> None:
    deposit_mined(backend)
    backend.run("outbox")
    for _ in range(4):
        backend.insurer.chain.pass_time(1)


def registered(backend: Backend) -> None:
    """A risk on the chain that is not indexed yet."""
    backend.onboard()
    backend.insurer.report(3_000)


def reorganised(backend: Backend) -> None:
    """Indexed blocks that the chain has replaced by others."""
    backend.onboard()
    snapshot = backend.insurer.chain.rpc("evm_snapshot")
    backend.insurer.report(3_000)
    backend.run("index")
    backend.insurer.chain.rpc("evm_revert", snapshot)
    backend.insurer.report(4_000)
    backend.insurer.chain.pass_time(1)


def sold(backend: Backend) -> None:
    platform, risk = backend.onboard()
    series = backend.series(platform, risk)
    transactions = [
        {
            "holder": person("holder").address,
            "transaction_hash": "0x" + keccak256(f"order {number}".encode()).hex(),
            "sum_insured": str(50 * COIN),
        }
        for number in range(5)
    ]
    backend.post("/transactions:coverBatch", {"series": series, "transactions": transactions})
    backend.insurer.chain.pass_time(61)


def attacked(backend: Backend) -> None:
    _, risk = backend.onboard()
    backend.accept(backend.quote(risk, 20_000 * COIN, 18_000 * COIN))
    backend.settle_chain()
    backend.insurer.attack(60)
    backend.insurer.close_slots()
    backend.run("index")


MINED = Case(deposit_mined, ("outbox",), "Facility", "FloatDeposited")
QUEUED = Case(deposit, ("outbox",), "Facility", "FloatDeposited")
RANGE = Case(registered, ("index",), "RiskFeed", "ScoresReported")
REWIND = Case(reorganised, ("index",), "RiskFeed", "ScoresReported")
SETTLE = Case(attacked, ("settle",), "ClaimsDesk", "ClaimPaid")
POST = Case(sold, ("post",), "CertificateBook", "BordereauPosted")
CASES = {
    "outbox.enqueued": POST,
    "outbox.simulated": QUEUED,
    "outbox.signed_not_stored": QUEUED,
    "outbox.signed_stored": QUEUED,
    "outbox.sent_not_stored": QUEUED,
    "outbox.sent_stored": QUEUED,
    "outbox.bump_stored": Case(
        deposit_sent,
        ("outbox",),
        "Facility",
        "FloatDeposited",
        (("FLOWCOVER_BUMP_SECONDS", "0"),),
    ),
    "outbox.receipt_not_stored": MINED,
    "outbox.mined_stored": MINED,
    "outbox.final_stored": Case(deposit_final, ("outbox",), "Facility", "FloatDeposited"),
    "indexer.logs_read": RANGE,
    "indexer.range_not_committed": RANGE,
    "indexer.range_committed": RANGE,
    "indexer.rewind_not_committed": REWIND,
    "indexer.rewind_committed": REWIND,
    "bordereau.planned": POST,
    "job.asked": SETTLE,
    "job.queued": SETTLE,
}
ONCE = {"Facility.FloatDeposited": 2, "RiskFeed.ScoresReported": 2}
"""Events that the way to the point makes besides the one in question."""


def run_job_that_dies(backend: Backend, case: Case, point: str, folder: Path) -> None:
    """Runs the case's job in a process that kills itself at the point."""
    log = folder / "crash.log"
    job = outbox_job(backend) if case.jobs == ("outbox",) else case.jobs[0]
    environment = backend.insurer.environment(backend.settings) | {
        "FLOWCOVER_CRASH_AT": point,
        "FLOWCOVER_CRASH_LOG": str(log),
        **dict(case.environment),
    }
    command = [sys.executable, "-m", "backend", "jobs", job]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert log.read_text().split() == [point]


@pytest.mark.parametrize("point", sorted(CASES if FULL else SMALL))
def test_kill__at_a_point_of_a_job__has_one_effect_afterwards(
    backend: Backend, tmp_path: Path, point: str, crash_table: list[tuple[str, str, str]]
) -> None:
    case = CASES[point]
    case.before(backend)
    run_job_that_dies(backend, case, point, tmp_path)
    backend.insurer.chain.rpc("miner_start")
    for _ in range(3):
        backend.run("post", "settle", "outbox", "index")
        backend.insurer.chain.pass_time(1)
    backend.settle_chain(6)
    name = f"{case.contract}.{case.event}"
    found = events_on_chain(backend, case.contract, case.event)
    assert len(found) == ONCE.get(name, 1)
    assert orphans(backend) == []
    assert ledger_rows(backend.services.database) == fresh_ledger(backend, tmp_path)
    crash_table.append((point, engine_name(), f"{name}: one effect, 0 orphan rows"))


@pytest.mark.parametrize(
    ("point", "replayed"),
    [("sale.gathered_not_stored", None), ("sale.stored_not_answered", "true")],
)
def test_kill__during_a_sale__is_one_certificate_on_repetition(
    backend: Backend,
    insurer: Insurer,
    tmp_path: Path,
    crash_table: list[tuple[str, str, str]],
    point: str,
    replayed: str | None,
) -> None:
    platform, risk = backend.onboard()
    series = backend.series(platform, risk)
    log = tmp_path / "crash.log"
    port = free_port()
    environment = insurer.environment(backend.settings) | {"FLOWCOVER_PORT": str(port)}
    armed = environment | {
        "FLOWCOVER_CRASH_AT": point,
        "FLOWCOVER_CRASH_LOG": str(log),
    }
    body = {
        "series": series,
        "holder": person("holder").address,
        "transaction_hash": "0x" + "77" * 32,
        "sum_insured": str(50 * COIN),
    }
    headers = {"Authorization": f"Bearer {backend.key}", "Idempotency-Key": "sale"}
    url = f"http://127.0.0.1:{port}"
    with Serving(armed, url), pytest.raises(httpx.HTTPError):
        httpx.post(f"{url}/v1/transactions:cover", json=body, headers=headers, timeout=30)
    assert log.read_text().split() == [point]
    with Serving(environment, url):
        again = httpx.post(f"{url}/v1/transactions:cover", json=body, headers=headers, timeout=30)
    assert again.status_code == 201
    assert again.headers.get("Idempotent-Replayed") == replayed
    assert again.json()["serial"] == 0
    listed = backend.get("/certificates", series=series)["items"]
    assert [row["serial"] for row in listed] == [0]
    assert orphans(backend) == []
    crash_table.append((point, engine_name(), "one certificate"))


class Serving:
    """A backend process without jobs, for the length of the block."""

    def __init__(self, environment: dict[str, str], url: str) -> None:
        self._environment = environment
        self._url = url

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "backend", "serve", "--no-jobs"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL
        )
        wait_until("the backend", self._answers)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self._url}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)


def test_points__every_hook__has_a_case() -> None:
    assert set(CASES) | {"sale.gathered_not_stored", "sale.stored_not_answered"} == POINTS
