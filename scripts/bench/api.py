"""What the API sells a second: quotes, certificates and batches, on both engines, beside floors.

    python -m scripts.bench.api [--seconds 8] [--engine sqlite] [--engine postgresql] [--json FILE]

The load comes from wrk, a process of its own; the API runs with two worker processes against a
local chain on the same machine, and every certificate is committed durably before it is answered.
The floor is an empty FastAPI endpoint that parses the same body, with as many workers. Processor
time a request, of server and database, is what other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from scripts.bench.floors import signatures_a_second
from tests.support.insurer import Backend, Insurer
from tests.support.local_chain import ROOT, free_port, local_chain, wait_until

SCRIPT = Path(__file__).with_name("requests.lua")
CONNECTIONS = 16
WORKERS = 2
SERIALS = 190_000
BATCH = 1_000
SHARE = 0.7
"""Part of the peak at which the latency is measured."""


@dataclass(frozen=True)
class Measure:
    """One run of wrk; rates in requests a second, latencies in milliseconds."""

    engine: str
    what: str
    rate: float
    failed: int
    p50: float
    p99: float
    cpu: float
    """Microseconds of processor time of server and database for a request."""


def processor_seconds(roots: list[int]) -> float:
    """Processor time so far of processes and all that descend from them."""
    ticks, todo = 0, list(roots)
    while todo:
        process = Path("/proc") / str(todo.pop())
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            children = [file.read_text() for file in process.glob("task/*/children")]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        ticks += int(fields[11]) + int(fields[12])
        todo += [int(child) for text in children for child in text.split()]
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """Where wrk sends what."""

    url: str
    kind: str
    path: str
    key: str
    series: str
    roots: list[int]

    def load(self, seconds: float, pause: int = 0, connections: int = CONNECTIONS) -> list[float]:
        """wrk's rate, failures, p50 and p99, and the servers' microseconds a request."""
        before = processor_seconds(self.roots)
        environment = os.environ | {
            "KIND": self.kind,
            "REQUEST_PATH": self.path,
            "KEY": self.key,
            "SERIES": self.series,
            "RUN": secrets.token_hex(8),
            "PAUSE_MS": str(pause),
        }
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s"]
        done = subprocess.run(
            [*command, "-s", str(SCRIPT), self.url],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        line = next(text for text in done.stdout.splitlines() if text.startswith("RESULT"))
        duration, requests, failed, p50, p99 = map(float, line.split()[1:])
        spent = processor_seconds(self.roots) - before
        return [requests / duration, failed, p50, p99, 1e6 * spent / max(1, requests)]

    def measure(self, engine: str, what: str, seconds: float, connections: int) -> list[Measure]:
        """The peak, and the latencies at 70 % of it."""
        rate, failed, p50, p99, cpu = self.load(seconds, connections=connections)
        found = [Measure(engine, what, rate, int(failed), p50, p99, cpu)]
        pause = round(1_000 * connections / (SHARE * rate) - p50)
        rate, failed, p50, p99, cpu = self.load(seconds, max(1, pause), connections)
        return [*found, Measure(engine, f"{what}, at 70 %", rate, int(failed), p50, p99, cpu)]


@contextmanager
def process(command: list[str], environment: dict[str, str], url: str) -> Iterator[int]:
    """A server for the length of the block; its process."""
    started = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(url, lambda: _answers(url))
        yield started.pid
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.HTTPError:
        return False


@contextmanager
def database(engine: str, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """URL of a new database that syncs to the disk at each commit, and its server's process."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}", []
        return
    import pgserver

    server = pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    server.psql("CREATE DATABASE bench;")
    try:
        pid = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
        yield f"postgresql+psycopg://postgres@/bench?host={folder / 'postgresql'}", [pid]
    finally:
        server.cleanup()


def floors(seconds: float) -> list[Measure]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "scripts.bench.floors", str(port), str(WORKERS)]
    found = []
    with process(command, dict(os.environ), f"{url}/") as server:
        for kind, path in (("quote", "/quotes"), ("cover", "/transactions:cover")):
            target = Target(url, kind, path, "none", "0x" + "00" * 32, [server])
            target.load(1)
            rate, failed, p50, p99, cpu = target.load(seconds)
            found.append(Measure("none", f"empty {kind}", rate, int(failed), p50, p99, cpu))
    return found


def measure_engine(insurer: Insurer, engine: str, seconds: float, folder: Path) -> list[Measure]:
    from backend.storage.migrate import upgrade

    with database(engine, folder) as (url, databases):
        upgrade(url)
        backend = Backend(insurer, database_url=url, rate_limit=10**9)
        platform, risk = backend.onboard()
        series = backend.series(platform, risk, SERIALS)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        environment = insurer.environment(backend.settings) | {"FLOWCOVER_LOG_LEVEL": "ERROR"}
        command = [
            sys.executable, "-m", "backend", "serve", "--no-jobs", "--port", str(port),
            "--workers", str(WORKERS),
        ]  # fmt: skip
        found = []
        with process(command, environment, f"{base}/health") as server:
            for kind, path, connections in (
                ("quote", "/v1/quotes", CONNECTIONS),
                ("cover", "/v1/transactions:cover", CONNECTIONS),
                ("batch", "/v1/transactions:coverBatch", 4),
            ):
                roots = [server, *databases]
                target = Target(base, kind, path, backend.key, series, roots)
                target.load(1, connections=connections)
                found += target.measure(engine, kind, seconds, connections)
        backend.close()
    return found


def show(found: list[Measure], signing: float) -> None:
    table = Table(title="requests a second, milliseconds")
    columns = (
        "engine", "what", "a second", "against empty", "p50", "p99", "CPU µs", "against empty",
        "failed",
    )  # fmt: skip
    for column in columns:
        table.add_column(column, justify="left" if column in ("engine", "what") else "right")
    empty = {m.what.removeprefix("empty "): m for m in found if m.engine == "none"}
    table.add_row("none", "signing alone, one core", f"{signing:,.0f}")
    for m in found:
        floor = empty.get(m.what)
        cost = "" if floor is None else f"{floor.rate / m.rate:.2f}"
        work = "" if floor is None else f"{m.cpu / floor.cpu:.2f}"
        table.add_row(
            m.engine, m.what, f"{m.rate:,.1f}", cost, f"{m.p50:.1f}", f"{m.p99:.1f}",
            f"{m.cpu:,.0f}", work, str(m.failed),
        )  # fmt: skip
        if m.what == "batch":
            table.add_row(m.engine, "certificates in batches", f"{m.rate * BATCH:,.0f}")
    Console(width=120).print(table)
    print("load average:", *(f"{load:.1f}" for load in os.getloadavg()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--engine", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 1
    signing = signatures_a_second()
    found = floors(options.seconds)
    with local_chain() as chain, tempfile.TemporaryDirectory(prefix="flowcover-bench-") as folder:
        insurer = Insurer(chain, Path(folder))
        for engine in options.engine or ("sqlite", "postgresql"):
            snapshot = chain.rpc("evm_snapshot")
            own = Path(folder) / engine
            own.mkdir()
            insurer.folder = own
            insurer.deployment.write(own / "deployment.json")
            found += measure_engine(insurer, engine, options.seconds, own)
            chain.rpc("evm_revert", snapshot)
    show(found, signing)
    if options.json is not None:
        measures = [asdict(measure) for measure in found]
        options.json.write_text(json.dumps({"signing": signing, "measures": measures}, indent=1))
    return 1 if any(measure.failed for measure in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
