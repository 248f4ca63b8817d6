"""A committee of real member processes and a sensor over a local chain, with traffic made up for a
short outage under a small flood."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from eth_utils.crypto import keccak
from web3.types import TxReceipt

from contracts.client.artifacts import artifact
from contracts.client.development import person
from contracts.client.sender import KeySender
from contracts.client.signatures import address_of
from contracts.client.system import Deployment
from oracles.settings import CommitteeSettings, FloodSettings, TimingSettings
from tests.support.captures import SYN, Packet, conversation, pcap_bytes
from tests.support.local_chain import ROOT, LocalChain, free_port, wait_until
from tests.support.member_table import probe

HOST = "10.0.0.1"
TARGET = f"{HOST}:80"
SECONDS = 60
DOWN = range(20, 32)
"""Seconds of the recording in which no probe succeeds."""

COMMITTEE = CommitteeSettings(
    timing=TimingSettings(
        batch_allowance=3,
        probe_arrival=1,
        turn_delay=3,
        attest_patience=6,
        close_margin=4,
        heartbeat_frames=3,
    ),
    flood=FloodSettings(packets_per_s=200, bits_per_s=10_000_000, flows_per_s=200),
)


def probes(down: range) -> str:
    """Two probes a second that fail in ``down``."""
    times = [t / 2 for t in range(2 * SECONDS)]
    return "".join(probe(t, int(t) not in down, TARGET).to_line() + "\n" for t in times)


def benign() -> list[Packet]:
    """A connection each second."""
    found: list[Packet] = []
    for t in range(SECONDS):
        found += conversation(t + 0.1, ("10.1.0.9", 40_000 + t), (HOST, 80), b"GET /", b"200 OK")
    return found


def flood(seconds: range, per_second: int = 250) -> list[Packet]:
    """SYNs from one source port each."""
    return [
        Packet(t + i / per_second, ("10.2.0.7", 1_024 + i), (HOST, 80), SYN)
        for t in seconds
        for i in range(per_second)
    ]


def capture(folder: Path, name: str, packets: list[Packet]) -> Path:
    path = folder / name
    path.write_bytes(pcap_bytes(sorted(packets, key=lambda packet: packet.at)))
    return path


@dataclass
class Committee:
    """Members that run as processes. Member numbers count from 0 in order of signer."""

    chain: LocalChain
    deployment: Deployment
    folder: Path
    n: int
    keys: list[bytes] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    risk: int = 0
    base: int = 0
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # ---- on chain

    def send(self, who: str, contract: str, function: str, *arguments: Any) -> TxReceipt:
        """A transaction of one of the development accounts."""
        sender = KeySender(self.chain.web3, person(who).key)
        found = self.contract(contract)
        data = found.encode_abi(function, args=list(arguments))
        return sender.send({"to": found.address, "data": data})  # type: ignore[typeddict-item]

    def contract(self, name: str) -> Any:
        address = self.deployment.contracts[name]
        return self.chain.web3.eth.contract(address=address, abi=artifact(name).abi)

    def establish(self) -> None:
        """Fresh keys with gas money, a committee of them, and a new risk."""
        made = [keccak(text=f"{self.folder} {i}") for i in range(self.n)]
        self.keys = sorted(made, key=lambda key: int(address_of(key), 16))
        bank = KeySender(self.chain.web3, person("deployer").key)
        for key in self.keys:
            bank.send({"to": address_of(key), "value": 10**18})  # type: ignore[typeddict-item]
        members = [
            (address_of(key), keccak(text=f"operator {i}"), keccak(text=f"out {i}"), i < self.n - 1)
            for i, key in enumerate(self.keys)
        ]
        f = (self.n - 1) // 3
        first = self.contract("OracleCommittee").functions.currentVersion().call() == 0
        self.send("committee_admin", "OracleCommittee", "propose", members, f, COMMITTEE.digest())
        if not first:
            self.chain.pass_time(self.deployment.parameters.rotation_delay + 1)
        asset = keccak(text=f"asset {self.folder}")
        applicant = person("applicant").address
        self.send("underwriter", "RiskRegister", "registerRisk", applicant, asset, 500)
        self.risk = self.contract("RiskRegister").functions.riskCount().call() - 1

    # ---- processes

    def prepare(self, behaviours: dict[int, str] | None = None, down: range = DOWN) -> None:
        """Writes recordings, keys and settings; the recording begins at the next epoch's start."""
        span = 64 * self.deployment.parameters.slot_length
        self.base = (self.chain.now() // span + 1) * span
        self.deployment.write(self.folder / "deployment.json")
        self._secret("pseudonyms.key", "p" * 32)
        self._secret("sensor.key", keccak(text=f"sensor {self.folder}").hex())
        probe_file = self.folder / "probes.jsonl"
        probe_file.write_text(probes(down))
        hop = capture(self.folder, "hop.pcap", benign() + flood(range(DOWN.start - 3, DOWN.stop)))
        capture(self.folder, "sensor.pcap", benign() + flood(range(DOWN.start - 3, DOWN.stop), 40))
        ports = [free_port() for _ in self.keys]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        sensor = address_of(keccak(text=f"sensor {self.folder}"))
        risks = [{"risk": self.risk, "target": TARGET, "hosts": [HOST], "sensor": sensor}]
        self._write("risks.json", {"risks": risks})
        for i, key in enumerate(self.keys):
            settings = {
                "name": f"m{i}",
                "rpc_url": self.chain.url,
                "deployment": "deployment.json",
                "data_dir": f"m{i}",
                "risks": "risks.json",
                "vantage": f"out{i}",
                "listen": {"port": ports[i]},
                "peers": [url for j, url in enumerate(self.urls) if j != i],
                "key_file": self._secret(f"m{i}.key", key.hex()),
                "pseudonym_key_file": "pseudonyms.key",
                "probes": self._recording(probe_file),
                "upstream": self._recording(hop) if i < self.n - 1 else None,
                "committee": COMMITTEE.model_dump(mode="json"),
                "behaviour": (behaviours or {}).get(i, "honest"),
                "poll_ms": 150,
            }
            self._write(f"m{i}.json", settings)
        self._write("sensor.json", self._sensor_settings())

    def _sensor_settings(self) -> dict[str, Any]:
        return {
            "name": "sensor",
            "rpc_url": self.chain.url,
            "deployment": "deployment.json",
            "data_dir": "sensor",
            "risk": self.risk,
            "hosts": [HOST],
            "members": self.urls,
            "key_file": "sensor.key",
            "pseudonym_key_file": "pseudonyms.key",
            "source": self._recording(self.folder / "sensor.pcap"),
            "poll_ms": 150,
        }

    def _recording(self, path: Path) -> dict[str, Any]:
        return {"path": str(path), "recording_start_us": 0, "chain_base": self.base}

    def _secret(self, name: str, text: str) -> str:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return name

    def _write(self, name: str, settings: dict[str, Any]) -> None:
        (self.folder / name).write_text(json.dumps(settings))

    def start(self, *names: str) -> None:
        """Starts members and sensor (m0, m1, …, sensor), all when none is named."""
        names = names or (*(f"m{i}" for i in range(self.n)), "sensor")
        for name in names:
            module = "oracles.sensor" if name == "sensor" else "oracles.node"
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", module, "--config", str(self.folder / f"{name}.json")],
                    cwd=ROOT,
                    env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            if name != "sensor":
                wait_until(f"{name} to run", lambda name=name: self.health(name) is not None, 300)  # type: ignore[misc]

    def health(self, name: str) -> dict[str, Any] | None:
        """A member's health page once it has run a cycle; fails when its process has ended."""
        code = self.running[name].poll()
        if code is not None:
            raise AssertionError(f"{name} ended with {code}:\n{self.log(name)}")
        try:
            page: dict[str, Any] = httpx.get(f"{self.url(name)}/health", timeout=5).json()
        except httpx.HTTPError:
            return None
        return page if "block" in page else None

    def url(self, name: str) -> str:
        return self.urls[int(name[1:])]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def kill(self, name: str) -> None:
        """Ends a process as a power cut would."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """Ends all processes."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(timeout=90)
        self.running.clear()

    # ---- the play

    def play(self, until: int) -> None:
        """Moves chain time to second ``until`` of the recording, two seconds at a time, each step
        once every living member has run a cycle at the one before."""
        self.chain.pass_time(max(0, self.base - self.chain.now()))
        while self.chain.now() < self.base + until:
            self.chain.pass_time(2)
            self.caught_up()

    def caught_up(self) -> None:
        """Waits until every living member has run a cycle at the newest block."""
        block = self.chain.web3.eth.block_number
        for name in [n for n in self.running if n != "sensor"]:
            if self.running[name].poll() is not None:
                continue

            def there(name: str = name) -> bool:
                if self.running[name].poll() is not None:
                    return True
                page = self.health(name)
                return page is not None and page["block"] >= block

            wait_until(f"{name} at block {block}", there, 180)

    def lost(self) -> list[int]:
        """Slots of the recording that the chain's quorum calls lost."""
        return self._marked(0)

    def attacked(self) -> list[int]:
        """Slots of the recording that the chain calls attacked."""
        return self._marked(1)

    def _marked(self, which: int) -> list[int]:
        first = self.base // self.deployment.parameters.slot_length
        registry = self.contract("IncidentRegistry")
        mask = registry.functions.masks(self.risk, first // 64).call()[which]
        return [bit for bit in range(64) if mask >> bit & 1]

    def holder(self) -> int:
        """The member whose turn the recording's epoch will be."""
        span = 64 * self.deployment.parameters.slot_length
        return (self.chain.now() // span + 1) % self.n

    def observations(self) -> list[Any]:
        """The recorded observations of the risk, newest last."""
        events = self.contract("IncidentRegistry").events.ObservationRecorded
        logs = events.get_logs(from_block=0, argument_filters={"subject": self.risk})
        return [log["args"] for log in logs]

    def attests(self) -> list[int]:
        """Who sent the transactions that marked slots, in order."""
        return self._senders("IncidentRegistry")

    def reports(self) -> list[int]:
        """Who sent the score reports, in order."""
        return self._senders("RiskFeed")

    def _senders(self, name: str) -> list[int]:
        eth = self.chain.web3.eth
        logs = eth.get_logs({"address": self.deployment.contracts[name], "fromBlock": 0})
        hashes = dict.fromkeys(bytes(log["transactionHash"]) for log in logs)
        senders = [eth.get_transaction(h)["from"] for h in hashes]  # type: ignore[arg-type]
        members = {address_of(key): i for i, key in enumerate(self.keys)}
        return [members[sender] for sender in senders if sender in members]
