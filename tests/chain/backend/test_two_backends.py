"""Two backend processes with their jobs, one database, one chain: every effect once.

The small profile sends 60 requests on the engine of the run; FLOWCOVER_FULL=1 sends 2,000.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from contracts.client.development import person
from contracts.client.signatures import keccak256
from tests.support.consistency import events_on_chain, fresh_ledger, ledger_rows, orphans
from tests.support.insurer import COIN, Backend, Insurer
from tests.support.local_chain import ROOT, free_port, wait_until

FULL = os.environ.get("FLOWCOVER_FULL") == "1"
SALES, BINDS = (1_900, 100) if FULL else (50, 10)
THREADS = 16


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """A backend process with its jobs, for the length of the block."""
    url = f"http://127.0.0.1:{environment['FLOWCOVER_PORT']}"
    command = [sys.executable, "-m", "backend", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_until("a backend", answers)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_two_backends__concurrent_binds_and_sales__have_every_effect_once(
    backend: Backend, insurer: Insurer, tmp_path: Path
) -> None:
    platform, risk = backend.onboard()
    series = backend.series(platform, risk, SALES)
    quotes = [backend.quote(risk, 1_000 * COIN, 100 * COIN) for _ in range(BINDS)]
    environment = insurer.environment(backend.settings) | {
        "FLOWCOVER_JOBS": "on",
        "FLOWCOVER_JOB_SECONDS": "0.5",
        "FLOWCOVER_RATE_LIMIT": "100000",
    }
    sales = [
        {
            "series": series,
            "holder": person("holder").address,
            "transaction_hash": "0x" + keccak256(f"order {number}".encode()).hex(),
            "sum_insured": str(20 * COIN),
        }
        for number in range(SALES)
    ]
    binds = [
        {
            "quote": quote["quote"],
            "signature": quote["signature"],
            "premium": str(max(int(quote["minimum_premium"]), COIN)),
        }
        for quote in quotes
    ]
    wishes = [("transactions:cover", body) for body in sales] + [("policies", b) for b in binds]
    with (
        serving(environment | {"FLOWCOVER_PORT": str(free_port())}) as first,
        serving(environment | {"FLOWCOVER_PORT": str(free_port())}) as second,
        httpx.Client(timeout=60) as client,
    ):

        def ask(number: int) -> int:
            """Sends one request to both processes; the status that stands in the end."""
            path, body = wishes[number]
            headers = {
                "Authorization": f"Bearer {backend.key}",
                "Idempotency-Key": f"both-{number}",
            }
            order = (first, second) if number % 2 else (second, first)
            answers = [
                client.post(f"{url}/v1/{path}", json=body, headers=headers).status_code
                for url in (*order, order[0])
            ]
            return answers[-1]

        with ThreadPoolExecutor(THREADS) as pool:
            statuses = Counter(pool.map(ask, range(len(wishes))))
        assert statuses == {201: SALES, 202: BINDS}

        def bound() -> int:
            return len(events_on_chain(backend, "PolicyBook", "PolicyBound"))

        wait_until("every policy", lambda: bound() >= BINDS, 60 + BINDS)
    for _ in range(4):
        backend.insurer.chain.pass_time(1)
    backend.settle_chain(3)
    assert bound() == BINDS
    listed = [c["serial"] for c in _all(backend, series)]
    assert listed == list(range(SALES))
    assert orphans(backend) == []
    assert ledger_rows(backend.services.database) == fresh_ledger(backend, tmp_path)


def _all(backend: Backend, series: str) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    cursor = None
    while True:
        query = {} if cursor is None else {"cursor": cursor}
        page = backend.get("/certificates", series=series, limit=200, **query)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
