"""Hosts, links and processes of one test network: made together, removed together.

A network is a set of namespaces that are joined only to each other, so nothing in it can reach the
machine's own network. ``Network`` is a context manager; leaving it, also by an error, Ctrl-C or
SIGTERM, ends every process inside and removes the namespaces. Every process runs under
``timeout``, so that nothing outlives a killed recorder for long.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

PREFIX = "fcrec"
REPOSITORY = Path(__file__).resolve().parents[2]

# ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO: packets and checksums as on a wire
_OFFLOADS_OFF = """
import array, fcntl, socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for command in (0x17, 0x1F, 0x24, 0x2C):
    value = array.array("B", struct.pack("II", command, 0))
    fcntl.ioctl(s, 0x8946, struct.pack("16sP", sys.argv[1].encode(), value.buffer_info()[0]))
"""

# No timestamps option: it would only make header-only captures larger.
_SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.tcp_timestamps": "0",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_synack_retries": "1",
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
}


class LabError(Exception):
    """A test network could not be made or a process in it failed; the text is one line."""


class Missed(LabError):
    """The recording does not show what it is for, as on a busy machine; the next may."""


@dataclass(frozen=True)
class Process:
    """A process started in a host of the network, with its command as it was given."""

    host: str
    argv: tuple[str, ...]
    handle: subprocess.Popen[bytes]

    def send(self, signum: int) -> None:
        """Signal the process's group, if it still runs."""
        if self.handle.poll() is None:
            os.killpg(self.handle.pid, signum)

    def stop(self, signum: int = signal.SIGTERM, patience: float = 5.0) -> int:
        """Signal the process's group, wait, and kill it when it does not end; its exit code."""
        for step in (signum, signal.SIGKILL):
            self.send(step)
            try:
                return self.handle.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        raise LabError(f"process {self.handle.pid} on {self.host} does not end: {self.argv[0]}")


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _remove_namespace(name: str) -> None:
    """End what still runs in one of our namespaces and delete it; absent ones are ignored."""
    listed = subprocess.run(
        ["ip", "netns", "pids", name], capture_output=True, text=True, check=False
    )
    for pid in listed.stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def remove_abandoned() -> list[str]:
    """Remove namespaces whose recorder no longer runs; returns their names."""
    abandoned = []
    for line in _run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        owner = name.removeprefix(PREFIX).split("-")[0]
        if name.startswith(PREFIX) and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove_namespace(name)
            abandoned.append(name)
    return abandoned


def _stop_on_sigterm(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


class Network:
    """One network. ``lifetime`` (seconds) is the longest that any process in it may run."""

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._namespaces: dict[str, str] = {}
        self._processes: list[Process] = []
        self._sigterm: object = signal.SIG_DFL

    def __enter__(self) -> Self:
        remove_abandoned()
        self._sigterm = signal.signal(signal.SIGTERM, _stop_on_sigterm)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for process in reversed(self._processes):
                process.stop(patience=1.0)
            for name in self._namespaces.values():
                _remove_namespace(name)
        finally:
            signal.signal(signal.SIGINT, interrupt)
            signal.signal(signal.SIGTERM, self._sigterm)  # type: ignore[arg-type]

    def add_host(self, host: str) -> None:
        """Make a host: a namespace with only a loopback interface."""
        name = f"{PREFIX}{os.getpid()}-{host}"
        self._namespaces[host] = name
        _run("ip", "netns", "add", name)
        _run("ip", "-n", name, "link", "set", "lo", "up")
        settings = [f"{key}={value}" for key, value in _SYSCTLS.items()]
        _run("ip", "netns", "exec", name, "sysctl", "-q", "-w", *settings)

    def link(self, left: str, left_cidr: str, right: str, right_cidr: str) -> None:
        """Join two hosts by a wire; each end is named ``to-<other host>``."""
        ends = ((left, left_cidr, right), (right, right_cidr, left))
        a, b = self._namespaces[left], self._namespaces[right]
        _run(
            *("ip", "link", "add", f"to-{right}", "netns", a, "type", "veth"),
            *("peer", "name", f"to-{left}", "netns", b),
        )
        for host, cidr, other in ends:
            name, device = self._namespaces[host], f"to-{other}"
            _run("ip", "-n", name, "addr", "add", cidr, "dev", device)
            _run("ip", "-n", name, "link", "set", device, "up")
            _run("ip", "netns", "exec", name, sys.executable, "-c", _OFFLOADS_OFF, device)

    def attach(self, router: str, host: str, address: str) -> None:
        """Join a host with one address to a router that has none of its own on that wire."""
        gateway = "169.254.0.1"
        self.link(router, f"{gateway}/32", host, f"{address}/32")
        ours, theirs = self._namespaces[router], self._namespaces[host]
        _run("ip", "-n", ours, "route", "add", f"{address}/32", "dev", f"to-{host}")
        _run("ip", "-n", theirs, "route", "add", f"{gateway}/32", "dev", f"to-{router}")
        _run(
            *("ip", "-n", theirs, "route", "add", "default", "via", gateway),
            *("dev", f"to-{router}", "src", address),
        )

    def enlarge(self, left: str, right: str, most: int) -> None:
        """Let packets of up to ``most`` bytes pass the wire between two hosts."""
        for host, other in ((left, right), (right, left)):
            name = self._namespaces[host]
            _run("ip", "-n", name, "link", "set", "dev", f"to-{other}", "mtu", str(most))

    def packets_received(self, host: str, device: str) -> int:
        """Packets that an interface has received so far."""
        name = self._namespaces[host]
        shown = json.loads(_run("ip", "-n", name, "-s", "-j", "link", "show", "dev", device))
        received: int = shown[0]["stats64"]["rx"]["packets"]
        return received

    def address(self, host: str, cidr: str, device: str = "lo") -> None:
        """Give a host a further address."""
        _run("ip", "-n", self._namespaces[host], "addr", "add", cidr, "dev", device)

    def route(self, host: str, destination: str, via: str) -> None:
        """Add a route; ``via`` is a gateway, or ``blackhole`` to drop silently."""
        target = ("blackhole", destination) if via == "blackhole" else (destination, "via", via)
        _run("ip", "-n", self._namespaces[host], "route", "add", *target)

    def narrow(self, host: str, toward: str, kbit: int, queue_bytes: int) -> None:
        """Limit what ``host`` sends to ``toward``, with one drop-tail queue."""
        _run(
            *("tc", "-n", self._namespaces[host], "qdisc", "replace", "dev", f"to-{toward}"),
            *("root", "tbf", "rate", f"{kbit}kbit", "burst", "16000", "limit", str(queue_bytes)),
        )

    def spawn(
        self,
        host: str,
        argv: Sequence[str],
        *,
        seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path = REPOSITORY,
        stderr: IO[bytes] | int = subprocess.DEVNULL,
    ) -> Process:
        """Start a command in a host, in its own process group, for at most ``seconds``."""
        limit = self._lifetime if seconds is None else min(seconds, self._lifetime)
        handle = subprocess.Popen(
            [
                *("ip", "netns", "exec", self._namespaces[host]),
                *("timeout", "-k", "2", f"{limit:.1f}", *argv),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(env or {})},
            start_new_session=True,
        )
        process = Process(host, tuple(argv), handle)
        self._processes.append(process)
        return process

    def check_isolated(self) -> None:
        """Raise unless every interface of every host is one of ours and none leads outside."""
        for host, name in self._namespaces.items():
            for line in _run("ip", "-n", name, "-o", "link", "show").splitlines():
                device = line.split(": ")[1].split("@")[0]
                if device != "lo" and not device.startswith("to-") and " state DOWN " not in line:
                    raise LabError(f"host {host} has an interface of unknown origin: {device}")

    def wait_for_port(self, host: str, address: str, port: int, patience: float = 10.0) -> None:
        """Wait until a TCP service answers as seen from ``host``."""
        probe = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"
        deadline = time.monotonic() + patience
        while True:
            argv = ("ip", "netns", "exec", self._namespaces[host])
            done = subprocess.run(
                [*argv, sys.executable, "-c", probe, address, str(port)],
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise LabError(f"service {address}:{port} does not answer from {host}")
            time.sleep(0.2)
