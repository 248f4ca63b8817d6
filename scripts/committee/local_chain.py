"""A Ganache of its own at a free port, with a clock that the caller moves."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = 1337
STEPPED_FROM = "2030-01-01T00:00:00Z"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_until(what: str, ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Returns once ``ready``; raises TimeoutError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.1)


@dataclass
class LocalChain:
    """A running Ganache that mines at once."""

    url: str
    web3: Web3

    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def rpc(self, method: str, *parameters: Any) -> Any:
        answer = self.web3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
        if "result" not in answer:
            raise RuntimeError(f"{method}: {answer.get('error')}")
        return answer["result"]

    def pass_time(self, seconds: int) -> int:
        """Moves the clock on, sees a block mined and says what time it is.

        The block is that of a transaction of an account that nobody uses: a block asked for with
        ``evm_mine`` beside the chain's own may execute a member's transaction twice.
        """
        before = self.now()
        self.rpc("evm_increaseTime", seconds)
        idle = self.rpc("eth_accounts")[-1]
        self.rpc("eth_sendTransaction", {"from": idle, "to": idle})
        wait_until("a block", lambda: self.now() >= before + seconds)
        return self.now()


@contextmanager
def local_chain(
    block_s: float | None = None, host: str = "127.0.0.1", stepped: bool = False
) -> Iterator[LocalChain]:
    """A Ganache for the length of the block, at an address of this machine; it mines each
    transaction at once, or every ``block_s`` seconds. A ``stepped`` one begins at a fixed time and
    adds one second with each block, whatever the clock says."""
    port = free_port()
    command = [
        str(ROOT / "node_modules" / ".bin" / "ganache-cli"),
        "--wallet.deterministic", "--wallet.totalAccounts", "20",
        "--chain.chainId", str(CHAIN_ID), "--chain.hardfork", "shanghai",
        "--miner.blockGasLimit", "30000000", "--logging.quiet",
        "--server.host", host, "--server.port", str(port),
        *(("--miner.blockTime", str(block_s)) if block_s else ()),
        *(("--chain.time", STEPPED_FROM, "--miner.timestampIncrement", "1") if stepped else ()),
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        url = f"http://{host}:{port}"
        web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 120}))
        wait_until("Ganache", web3.is_connected)
        yield LocalChain(url, web3)
    finally:
        process.terminate()
        process.wait(timeout=10)
