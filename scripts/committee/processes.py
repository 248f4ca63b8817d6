"""A committee of real member processes and a sensor over a local chain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
from eth_utils.crypto import keccak
from web3.types import TxReceipt

from contracts.client.artifacts import artifact
from contracts.client.development import person
from contracts.client.sender import KeySender
from contracts.client.signatures import address_of
from contracts.client.system import Deployment
from oracles.settings import CommitteeSettings
from scripts.committee.local_chain import ROOT, LocalChain, free_port, wait_until


class Traffic(Protocol):
    """What the members and the sensor are given to see."""

    hosts: tuple[str, ...]
    target: str
    settings: CommitteeSettings

    def prepare(self, folder: Path, base: int, members: int) -> None:
        """Writes the files; the traffic begins at chain second ``base``."""
        ...

    def probes(self, member: int) -> dict[str, Any]:
        """A member's probes, as a source in its settings."""
        ...

    def upstream(self, member: int) -> dict[str, Any] | None:
        """A member's upstream flows, or None."""
        ...

    def sensor(self) -> dict[str, Any]:
        """The sensor's source."""
        ...


@dataclass
class Committee:
    """Members that run as processes. Member numbers count from 0 in order of signer."""

    chain: LocalChain
    deployment: Deployment
    folder: Path
    n: int
    traffic: Traffic
    keys: list[bytes] = field(default_factory=list)
    host: str = "127.0.0.1"
    """on which members listen"""
    ports: list[int] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    """where other members and the sensor reach each member"""
    risk: int = 0
    base: int = 0
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # ---- on chain

    def send(self, who: str, contract: str, function: str, *arguments: Any) -> TxReceipt:
        """A transaction of one of the development accounts."""
        sender = KeySender(self.chain.web3, person(who).key)
        found = self.contract(contract)
        data = found.encode_abi(function, args=list(arguments))
        return sender.send({"to": found.address, "data": data})

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
        self.send(
            "committee_admin",
            "OracleCommittee",
            "propose",
            members,
            f,
            self.traffic.settings.digest(),
        )
        if not first:
            self.chain.pass_time(self.deployment.parameters.rotation_delay + 1)
        asset = keccak(text=f"asset {self.folder}")
        applicant = person("applicant").address
        self.send("underwriter", "RiskRegister", "registerRisk", applicant, asset, 500)
        self.risk = self.contract("RiskRegister").functions.riskCount().call() - 1

    # ---- processes

    def prepare(self, behaviours: dict[int, str] | None = None) -> None:
        """Writes traffic, keys and settings; the traffic begins at the next epoch's start."""
        span = 64 * self.deployment.parameters.slot_length
        self.base = (self.chain.now() // span + 1) * span
        self.deployment.write(self.folder / "deployment.json")
        self._secret("pseudonyms.key", "p" * 32)
        self._secret("sensor.key", keccak(text=f"sensor {self.folder}").hex())
        self.traffic.prepare(self.folder, self.base, self.n)
        self.place()
        sensor = address_of(keccak(text=f"sensor {self.folder}"))
        risk = {
            "risk": self.risk,
            "target": self.traffic.target,
            "hosts": list(self.traffic.hosts),
            "sensor": sensor,
        }
        self._write("risks.json", {"risks": [risk]})
        for i in range(self.n):
            self.configure(i, (behaviours or {}).get(i, "honest"))
        self._write("sensor.json", self._sensor_settings())

    def place(self) -> None:
        """Chooses where each member listens and is reached."""
        self.ports = [free_port() for _ in self.keys]
        self.urls = [f"http://127.0.0.1:{port}" for port in self.ports]

    def configure(self, i: int, behaviour: str) -> None:
        """Writes a member's settings."""
        settings = {
            "name": f"m{i}",
            "rpc_url": self.chain.url,
            "deployment": "deployment.json",
            "data_dir": f"m{i}",
            "risks": "risks.json",
            "vantage": f"out{i}",
            "listen": {"host": self.host, "port": self.ports[i]},
            "peers": [self.urls[j] for j in range(self.n) if j != i],
            "key_file": self._secret(f"m{i}.key", self.keys[i].hex()),
            "pseudonym_key_file": "pseudonyms.key",
            "probes": self.traffic.probes(i),
            "upstream": self.traffic.upstream(i),
            "committee": self.traffic.settings.model_dump(mode="json"),
            "behaviour": behaviour,
            "poll_ms": 150,
        }
        self._write(f"m{i}.json", settings)

    def _sensor_settings(self) -> dict[str, Any]:
        return {
            "name": "sensor",
            "rpc_url": self.chain.url,
            "deployment": "deployment.json",
            "data_dir": "sensor",
            "risk": self.risk,
            "hosts": list(self.traffic.hosts),
            "members": self.urls,
            "key_file": "sensor.key",
            "pseudonym_key_file": "pseudonyms.key",
            "source": self.traffic.sensor(),
            "poll_ms": 150,
        }

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
            config = str(self.folder / f"{name}.json")
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*self.inside(name), sys.executable, "-m", module, "--config", config],
                    cwd=ROOT,
                    env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            if name != "sensor":
                wait_until(f"{name} to run", lambda name=name: self.health(name) is not None, 300)  # type: ignore[misc]

    def health(self, name: str) -> dict[str, Any] | None:
        """A member's health page once it has run a cycle; raises RuntimeError when its process
        has ended."""
        code = self.running[name].poll()
        if code is not None:
            raise RuntimeError(f"{name} ended with {code}:\n{self.log(name)}")
        try:
            page: dict[str, Any] = httpx.get(f"{self.url(name)}/health", timeout=5).json()
        except httpx.HTTPError:
            return None
        return page if "block" in page else None

    def url(self, name: str) -> str:
        """Where a member is asked for its health."""
        return self.urls[int(name[1:])]

    def inside(self, name: str) -> list[str]:
        """What the command of a member or the sensor begins with."""
        return []

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
        """Waits until every member that is waited for has run a cycle at the newest block."""
        block = self.chain.web3.eth.block_number
        for name in self.waited_for():
            if self.running[name].poll() is not None:
                continue

            def there(name: str = name) -> bool:
                if self.running[name].poll() is not None:
                    return True
                page = self.health(name)
                return page is not None and page["block"] >= block

            wait_until(f"{name} at block {block}", there, 180)

    def waited_for(self) -> list[str]:
        """The members whose cycles a step of time waits for."""
        return [name for name in self.running if name != "sensor"]

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
        events = self.contract("IncidentRegistry").events.ObservationsRecorded
        logs = events.get_logs(from_block=0, argument_filters={"subject": self.risk})
        return [record for log in logs for record in log["args"]["records"]]

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
