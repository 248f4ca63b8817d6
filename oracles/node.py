"""One member of the committee as a process; changes when its commands do.

oracles check --config member.json      tests the environment
oracles run --config member.json        runs; without a key it only says what it would sign
oracles digest --config member.json     prints the committee settings' digest

``python -m oracles.node`` and ``python -m oracles`` are the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

import uvicorn

from oracles.attest.model import load_scorer as load_model
from oracles.quorum.check import bind, check
from oracles.quorum.http import build_app
from oracles.quorum.wiring import EXPECTED_ERRORS, LoadScorer, build
from oracles.settings import MemberSettings


def run(settings: MemberSettings, load_scorer: LoadScorer) -> int:
    """Runs a member until it is told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listening = bind(settings)
    member, post = build(settings, load_scorer)
    app = build_app(member.inbox, member.store, member.evidence, member.health)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    serving.start()
    member.peers.start()
    host, port = listening.getsockname()[:2]
    member.logger.info(
        f"listening on http://{host}:{port}", extra={"fields": settings.model_dump(mode="json")}
    )
    try:
        member.run(stop)
    finally:
        server.should_exit = True
        serving.join(timeout=5)
        member.peers.stop()
        post.close()
        member.store.close()
    return 0


def main(argv: list[str] | None = None, load_scorer: LoadScorer = load_model) -> int:
    parser = argparse.ArgumentParser(prog="oracles", description="A committee member")
    parser.add_argument("--config", type=Path, required=True, help="the member's settings, JSON")
    parser.add_argument("command", nargs="?", choices=("run", "check", "digest"), default="run")
    options = parser.parse_args(argv)
    try:
        settings = MemberSettings.read(options.config)
        match options.command:
            case "check":
                return check(settings, load_scorer)
            case "digest":
                print("0x" + settings.committee.digest().hex())
                return 0
            case _:
                return run(settings, load_scorer)
    except EXPECTED_ERRORS as error:
        print(f"{options.config.stem}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
