"""Starts, watches and ends the demonstration's processes.

Every child runs in a session of its own and is ended by its own id; what it prints goes to
`<folder>/logs/<name>.log`. A child that ends before it should raises `ProcessEnded` at the next
look.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from contracts.client.errors import ChainError

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = 1337
HTTP = httpx.Client(timeout=60)
"""One client for all calls to the demonstration's own processes: making one takes long."""


class DemoFailed(Exception):
    """Ends the demonstration with one clear line."""


class CallRefused(DemoFailed):
    """A contract refused a call; `error` is the custom error's name."""

    def __init__(self, step: str, error: str, why: str) -> None:
        super().__init__(f"{step} was refused: {why}")
        self.error = error


class ProcessEnded(DemoFailed):
    def __init__(self, name: str, code: int, log: Path) -> None:
        text = log.read_text(errors="replace").strip() if log.exists() else ""
        last = text.splitlines()[-1] if text else "no output"
        super().__init__(f"{name} ended with code {code}: {last} (its log: {log})")


class PortTaken(DemoFailed):
    def __init__(self, name: str, port: int) -> None:
        super().__init__(
            f"{name} needs port {port}, which is in use; choose another with --{name}-port"
        )


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def claim_port(name: str, wanted: int) -> int:
    """The wanted port if it is free, a free one when 0 is wanted; PortTaken otherwise."""
    if wanted == 0:
        return free_port()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise PortTaken(name, wanted) from error
    return wanted


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    may_end: bool = False

    @property
    def ended(self) -> int | None:
        return self.process.poll()


@dataclass
class Processes:
    folder: Path
    children: list[Child] = field(default_factory=list)

    def start(
        self,
        name: str,
        command: list[str],
        *,
        may_end: bool = False,
        environment: dict[str, str] | None = None,
    ) -> Child:
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{name}.log"
        whole = os.environ | {
            "PYTHONPATH": str(ROOT),
            "OMP_WAIT_POLICY": "passive",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **(environment or {}),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=whole,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log, may_end)
        self.children.append(child)
        return child

    def look(self, seconds: float = 0) -> None:
        """Raises ProcessEnded for the first child that ended and should not have, or does so within
        `seconds`: who talked to it may know before the system says so."""
        deadline = time.monotonic() + seconds
        while True:
            for child in self.children:
                code = child.ended
                if code is not None and not child.may_end:
                    raise ProcessEnded(child.name, code, child.log)
            if time.monotonic() >= deadline:
                return
            time.sleep(0.05)

    def wait(self, what: str, ready: Callable[[], bool], seconds: float, step: float = 0.1) -> None:
        """Waits until `ready`, looking at the children meanwhile; DemoFailed after `seconds`."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.look()
            if time.monotonic() > deadline:
                raise DemoFailed(
                    f"waited {seconds:.0f} s for {what} in vain; logs in {self.folder}"
                )
            time.sleep(step)

    def wait_for_health(self, name: str, url: str, seconds: float = 60) -> None:
        def healthy() -> bool:
            try:
                return HTTP.get(url, timeout=2).status_code == 200
            except httpx.HTTPError:
                return False

        self.wait(f"{name} at {url}", healthy, seconds)

    def end(self, names: str = "") -> None:
        """Ends all children whose name begins so, last started first: asks, waits, then kills."""
        ending = [c for c in reversed(self.children) if c.name.startswith(names)]
        for child in ending:
            if child.ended is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        for child in ending:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            self.children.remove(child)


@contextmanager
def processes(folder: Path, keep: Callable[[], bool]) -> Iterator[Processes]:
    """Children that end with the block, unless `keep` says that the user wants them to stay.

    :raises ProcessEnded: whatever went wrong in the block, when a child had ended before it should
    """
    group = Processes(folder)
    try:
        try:
            yield group
        except ProcessEnded:
            raise
        except (DemoFailed, ChainError, OSError) as error:
            group.look(0.5)
            raise DemoFailed(str(error)) from error
        if keep():
            group.children.clear()
    finally:
        group.end()


def start_ganache(group: Processes, port: int) -> str:
    """A chain that mines twice a second, with 20 funded accounts of the published mnemonic."""
    command = [
        str(ROOT / "node_modules" / ".bin" / "ganache-cli"),
        "--wallet.deterministic",
        "--wallet.totalAccounts", "20",
        "--wallet.defaultBalance", "10000",
        "--chain.chainId", str(CHAIN_ID),
        "--chain.hardfork", "shanghai",
        "--miner.blockTime", "0.5",
        "--miner.blockGasLimit", "30000000",
        "--server.host", "127.0.0.1",
        "--server.port", str(port),
        "--logging.quiet",
    ]  # fmt: skip
    group.start("ganache", command)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
        try:
            return "result" in HTTP.post(url, json=body, timeout=2).json()
        except (httpx.HTTPError, ValueError):
            return False

    group.wait(f"Ganache at {url}", answers, 30)
    return url
