"""What stops the demonstration: one line, a non-zero exit, and nothing left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e.conftest import ROOT


def command(folder: Path, *arguments: str) -> list[str]:
    where = ["--folder", str(folder / "run"), "--report", str(folder / "report.json")]
    return [sys.executable, "-m", "scripts.demo", *where, *arguments]


def children(parent: int) -> dict[int, str]:
    """Ids and command lines of a process's children."""
    listed = subprocess.run(
        ["ps", "--ppid", str(parent), "-o", "pid=,args="],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    pairs = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
    return {int(pid): args for pid, args in pairs}


def test_demo__port_in_use__says_so_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            command(tmp_path, "--chain-port", str(port)),
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    wanted = f"demo: chain needs port {port}, which is in use; choose another with --chain-port"
    assert done.stderr.splitlines() == [wanted]


def test_demo__unknown_capture__says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "--capture", "nothing"),
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "there is no recording nothing" in done.stderr


def test_demo__chain_dies__ends_with_one_line_and_leaves_nothing_running(tmp_path: Path) -> None:
    playing = subprocess.Popen(
        command(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "oracles" / "sensor" / "settings.json").exists():
            assert playing.poll() is None, playing.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = children(playing.pid)
        chain = next(pid for pid, args in started.items() if "ganache" in args)
        os.kill(chain, signal.SIGKILL)
        _, errors = playing.communicate(timeout=120)
    finally:
        if playing.poll() is None:
            playing.terminate()
            playing.communicate(timeout=60)
    assert playing.returncode == 1
    assert len(errors.splitlines()) == 1
    assert errors.startswith("demo: ganache ended with code -9")
    left = {pid for pid in started if Path(f"/proc/{pid}").exists()}
    assert not left
    assert not (tmp_path / "report.json").exists()
