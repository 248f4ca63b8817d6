"""The four members and the sensor of the demonstration: their settings, keys and processes."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from oracles.settings import MemberSettings
from scripts.demo.people import KeyFile, new_key
from scripts.demo.processes import HTTP, Child, Processes, free_port

MEMBERS = 4
FAULTY = 2
"""The member that a drill concerns, counted from 1; it has an upstream view."""

SETTLE = {
    "timing": {
        "batch_allowance": 2,
        "probe_arrival": 2,
        "turn_delay": 4,
        "attest_patience": 6,
        "close_margin": 6,
        "grace_ms": 400,
    }
}

EXPECTING = ("waiting for", "quorum not reached", "before me in line", "a moment for")
"""What a member says of a frame whose report may still come."""


def word(text: str) -> bytes:
    """Short text as bytes32."""
    return text.encode().ljust(32, b"\0")


@dataclass(frozen=True)
class Recording:
    """One folder of recorded traffic, re-based so that it begins at chain second `base`."""

    folder: Path
    start_us: int
    base: int

    def source(self, name: str) -> dict[str, Any]:
        path = str(self.folder / name)
        return {"path": path, "recording_start_us": self.start_us, "chain_base": self.base}


@dataclass
class Oracles:
    """Four members and a sensor, each a process with its own key file, folder and port."""

    group: Processes
    folder: Path
    rpc_url: str
    deployment: Path
    model: Path
    fault: str | None = None
    keys: list[KeyFile] = field(default_factory=list)
    sensor_key: KeyFile | None = None
    urls: list[str] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    sensor_log: Path = Path()

    def make_keys(self) -> None:
        """Fresh keys, sorted by address, as the committee wants its members."""
        made = [new_key(self.folder / "keys", f"member-{i}") for i in range(1, MEMBERS + 1)]
        self.keys = sorted(made, key=lambda key: int(key.address, 16))
        self.sensor_key = new_key(self.folder / "keys", "sensor")
        pseudonyms = self.folder / "keys" / "pseudonyms.key"
        pseudonyms.write_text(secrets.token_hex(32) + "\n")
        pseudonyms.chmod(0o600)

    def committee(self) -> list[tuple[str, bytes, bytes, bool]]:
        """Members for OracleCommittee.propose: signer, operator, vantage point, sees attacks."""
        return [
            (key.address, word(f"operator {i}"), word(f"out{i}"), i < MEMBERS)
            for i, key in enumerate(self.keys, start=1)
        ]

    @property
    def faulty(self) -> dict[str, Any]:
        """The member that a drill concerns: its address, and its lane in the committee."""
        return {"address": self.keys[FAULTY - 1].address, "lane": FAULTY - 1}

    def _write(self, name: str, settings: dict[str, Any]) -> Path:
        folder = self.folder / "oracles" / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "settings.json"
        path.write_text(json.dumps(settings, indent=2) + "\n")
        return path

    def settings(self, recording: Recording, target: str) -> list[Path]:
        """Writes each member's settings file; member 4 has no upstream view."""
        ports = [free_port() for _ in self.keys]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        paths = []
        for i, (key, port) in enumerate(zip(self.keys, ports, strict=True), start=1):
            name = f"member-{i}"
            upstream = recording.source(f"hop{i}.pcap.xz") if i < MEMBERS else None
            drill = self.fault if i == FAULTY and self.fault else "honest"
            settings = {
                "name": name,
                "rpc_url": self.rpc_url,
                "deployment": str(self.deployment),
                "data_dir": str(self.folder / "oracles" / name),
                "risks": str(self.folder / "oracles" / "risks.json"),
                "vantage": f"out{i}",
                "listen": {"host": "127.0.0.1", "port": port},
                "peers": [url for url in self.urls if not url.endswith(f":{port}")],
                "key_file": str(key.path),
                "pseudonym_key_file": str(self.folder / "keys" / "pseudonyms.key"),
                "probes": recording.source(f"probes_out{i}.jsonl.xz"),
                "upstream": upstream,
                "model": str(self.model),
                "committee": SETTLE,
                "behaviour": drill,
                "poll_ms": 200,
            }
            paths.append(self._write(name, settings))
        return paths

    def config_digest(self, settings: Path) -> bytes:
        """The digest of the committee settings, which is registered on chain."""
        return MemberSettings.read(settings).committee.digest()

    def insure(self, risk: int, target: str, hosts: list[str]) -> None:
        """Tells the members about an insured asset; they read the file again when it changes."""
        assert self.sensor_key is not None
        risks = [
            {"risk": risk, "target": target, "hosts": hosts, "sensor": self.sensor_key.address}
        ]
        path = self.folder / "oracles" / "risks.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps({"risks": risks}) + "\n")
        partial.replace(path)

    def start(self, settings: list[Path]) -> None:
        for i, path in enumerate(settings, start=1):
            command = [sys.executable, "-m", "oracles.node", "--config", str(path)]
            drill = i == FAULTY and self.fault == "crash"
            self.children.append(self.group.start(f"member-{i}", command, may_end=drill))

    def wait(self) -> None:
        for i, url in enumerate(self.urls, start=1):
            self.group.wait_for_health(f"member {i}", f"{url}/health")
        self.group.wait("the sensor", lambda: b'"running"' in self.sensor_log.read_bytes(), 60)

    def start_sensor(self, recording: Recording, risk: int, hosts: list[str]) -> None:
        assert self.sensor_key is not None
        settings = {
            "name": "sensor",
            "rpc_url": self.rpc_url,
            "deployment": str(self.deployment),
            "data_dir": str(self.folder / "oracles" / "sensor"),
            "risk": risk,
            "hosts": hosts,
            "members": self.urls,
            "key_file": str(self.sensor_key.path),
            "pseudonym_key_file": str(self.folder / "keys" / "pseudonyms.key"),
            "source": recording.source("sensor.pcap.xz"),
            "poll_ms": 200,
        }
        path = self._write("sensor", settings)
        command = [sys.executable, "-m", "oracles.sensor", "--config", str(path)]
        self.sensor_log = self.group.start("sensor", command).log

    def running(self) -> list[str]:
        """Addresses of the members that have not ended."""
        alive = [child.ended is None for child in self.children]
        return [url for url, alive_ in zip(self.urls, alive, strict=True) if alive_]

    def caught_up(self, chain_time: int, patient: bool) -> bool:
        """Whether every running member has finished a cycle at or after a chain time, and, as long
        as one is patient, whether none of them still expects a report of the newest frame."""
        for url in self.running():
            try:
                page = HTTP.get(f"{url}/health", timeout=2).json()
            except (httpx.HTTPError, ValueError):
                return False
            if page.get("chain_time", 0) < chain_time:
                return False
            if patient and any(said in page["last"][0] for said in EXPECTING):
                return False
        return True
