"""Runs brownie or pytest-brownie in a home folder of its own, on a Ganache at a free port.

Brownie keeps its network list in the user's home and attaches to whatever answers at port 8545;
a private home and a free port keep two runs on one machine apart.

    python scripts/toolchain/run_brownie.py compile
    python scripts/toolchain/run_brownie.py test tests/contracts/RiskFeed [pytest arguments]
    python scripts/toolchain/run_brownie.py test --shards 2 tests/contracts
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = 1337

NETWORKS = """
live: []
development:
  - name: Ganache
    id: ganache-cli
    cmd: {cmd}
    host: http://127.0.0.1
    timeout: 120
    cmd_settings:
      port: {port}
      gas_limit: 30000000
      accounts: 20
      evm_version: shanghai
      chain_id: {chain_id}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def environment(home: Path) -> dict[str, str]:
    """The process environment with a private home, the solc wrapper and Ganache on PATH."""
    settings = home / ".brownie"
    settings.mkdir(parents=True)
    ganache = ROOT / "node_modules" / ".bin" / "ganache-cli"
    (settings / "network-config.yaml").write_text(
        NETWORKS.format(
            port=free_port(), chain_id=CHAIN_ID, cmd=f"{ganache} --wallet.deterministic"
        )
    )
    return os.environ | {
        "HOME": str(home),
        "SOLCX_BINARY_PATH": str(ROOT / "scripts" / "toolchain"),
        "PATH": f"{ganache.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def drop_orphans() -> None:
    """Removes artifacts made from sources of which one is gone; brownie fails on them."""
    for artifact in (ROOT / ".build" / "contracts").glob("*.json"):
        stored = json.loads(artifact.read_text())
        sources = [stored.get("sourcePath", ""), *stored.get("allSourcePaths", {}).values()]
        own = [str(source) for source in sources if str(source).startswith("contracts/")]
        if any(not (ROOT / source).exists() for source in own):
            artifact.unlink()


def compile_contracts() -> int:
    drop_orphans()
    home = Path(tempfile.mkdtemp(prefix="flowcover-brownie-"))
    try:
        command = [str(Path(sys.executable).with_name("brownie")), "compile"]
        return subprocess.run(command, cwd=ROOT, env=environment(home), check=False).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


def shards_of(paths: list[str], count: int) -> list[list[str]]:
    """Splits the test files below the paths into groups of about equal text size."""
    files: set[Path] = set()
    for name in paths:
        path = Path(name)
        files.update(path.rglob("test_*.py") if path.is_dir() else [path])
    groups: list[list[str]] = [[] for _ in range(count)]
    sizes = [0] * count
    for file in sorted(files, key=lambda f: (-f.stat().st_size, str(f))):
        index = sizes.index(min(sizes))
        groups[index].append(str(file))
        sizes[index] += file.stat().st_size
    return [group for group in groups if group]


def run_tests(arguments: list[str]) -> int:
    shards = 1
    if "--shards" in arguments:
        at = arguments.index("--shards")
        shards = int(arguments[at + 1])
        del arguments[at : at + 2]
    paths = [a for a in arguments if not a.startswith("-") and Path(a.split("::")[0]).exists()]
    options = [a for a in arguments if a not in paths]
    if compile_contracts() != 0:
        return 1
    groups = shards_of(paths, shards) if shards > 1 else [paths]
    running: list[tuple[subprocess.Popen[bytes], Path]] = []
    junit = next((o.split("=", 1)[1] for o in options if o.startswith("--junitxml=")), None)
    try:
        for number, group in enumerate(groups):
            home = Path(tempfile.mkdtemp(prefix="flowcover-brownie-"))
            own = [
                f"--junitxml={junit}.{number}.xml" if o.startswith("--junitxml=") else o
                for o in options
            ]
            command = [
                sys.executable, "-m", "pytest", "--network", "ganache-cli",
                "-p", "no:cacheprovider", "-W", "ignore::FutureWarning", *own, *group,
            ]  # fmt: skip
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment(home), start_new_session=True
            )
            running.append((process, home))
        codes = [process.wait() for process, _ in running]
    finally:
        for process, home in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
            shutil.rmtree(home, ignore_errors=True)
    return max(codes, default=1)


def main() -> int:
    match sys.argv[1:]:
        case ["compile"]:
            return compile_contracts()
        case ["test", *arguments]:
            return run_tests(arguments)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    raise SystemExit(main())
