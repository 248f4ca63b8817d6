"""Fuzzes every operation of the API with schemathesis, from an environment of its own.

    python -m scripts.fuzz_api SCHEMATHESIS [--examples 60]

The API runs over a database in which every operation has something to act on, and contracts that
answer the same each time. Each key gets its own run: a platform's, and the insurer's. It fails on a
5xx answer, a status or content type that the OpenAPI document does not declare, and an answer that
does not fit its schema.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from backend.http.limits import Limits
from tests.support.api import ADMIN, Bench
from tests.support.local_chain import free_port, wait_until
from tests.support.receiver import receiver
from tests.support.world import World

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)
CLOCK = "move_clock"
"""Fuzzed last and briefly: it ends everything that can be sold."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[World, str]]:
    """The API at a free port, in a thread of this process."""
    bench = Bench(folder, webhook_networks="127.0.0.0/8", finality_depth=0)
    bench.services.limits = Limits(10**9, 10**9)
    with receiver() as hook:
        world = World(bench, hook.url)
        port = free_port()
        config = uvicorn.Config(
            bench.client.app, host="127.0.0.1", port=port, log_level="error", lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        wait_until("the API", lambda: server.started)
        try:
            yield world, f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
            bench.client.close()
            bench.database.close()


def fuzz(tool: str, url: str, key: str, *options: str) -> tuple[bool, int]:
    """Whether nothing was found, and how many cases were sent."""
    command = [
        tool, "run", f"{url}/openapi.json", "--checks", CHECKS, "--header",
        f"Authorization: Bearer {key}", "--suppress-health-check", "all", "--no-color",
        "--generation-database", "none", "--warnings", "off", "--continue-on-failure", *options,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"(\d[\d,]*) generated", done.stdout)
    if done.returncode:
        print(done.stdout[-20_000:], done.stderr[-2_000:], flush=True)
    return done.returncode == 0, int(found.group(1).replace(",", "")) if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", help="path of the schemathesis command")
    parser.add_argument(
        "--examples", type=int, default=60, help="most cases an operation and phase"
    )
    options = parser.parse_args()
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="flowcover-fuzz-") as folder,
        served(Path(folder)) as (world, url),
    ):
        many = ("--max-examples", str(options.examples))
        for name, key in (("platform", world.key), ("insurer", ADMIN)):
            ok, cases = fuzz(options.tool, url, key, *many, "--exclude-operation-id", CLOCK)
            rows.append((name, cases, ok))
        ok, cases = fuzz(options.tool, url, world.key, *many, "--include-operation-id", CLOCK)
        rows.append(("platform, clock", cases, ok))
    for name, cases, ok in rows:
        print(f"{name:<18} {cases:>7,} cases  {'nothing found' if ok else 'FAILED'}")
    print(f"{'together':<18} {sum(cases for _, cases, _ in rows):>7,} cases")
    return 0 if all(ok and cases for _, cases, ok in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
