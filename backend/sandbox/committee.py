"""The sandbox's oracle committee and clock, on a development chain whose members' keys we hold."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from web3 import HTTPProvider, Web3

from contracts.client.calls import System
from contracts.client.errors import NodeUnavailable, typed
from contracts.client.messages import (
    NO_SENSOR_DATA,
    Message,
    Observation,
    ScoreVector,
    attested,
    digest,
    pack_scores,
    share_scores,
)
from contracts.client.sender import KeySender
from contracts.client.signatures import address_of, keccak256, sign
from contracts.client.system import Deployment

LANES = 16
SLOTS_PER_EPOCH = 64
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A staged run of lost slots, both ends included, and the transactions that attest it."""

    first: int
    last: int
    transactions: tuple[str, ...]


class Sandbox(Protocol):
    """What can be staged; each call is one person's act on a development chain."""

    def advance(self, seconds: int) -> int:
        """Moves chain time on; the time it is then."""
        ...

    def report(self, scores: dict[int, int], risk: int) -> tuple[int, str]:
        """The committee scores a risk's group of 16, `scores` by risk; frame and transaction."""
        ...

    def outage(self, subject: int, seconds: int, attacked: bool) -> Outage:
        """The service is lost for so many seconds from now on, and every member sees it."""
        ...


class ChainSandbox:
    """The sandbox of a deployment.

    Its file has the members' keys, the model's hash, and whose key sends, if not a member's.
    """

    def __init__(self, rpc_url: str, timeout: float, deployment: Deployment, file: Path) -> None:
        stored = json.loads(file.read_text())
        keys = [bytes.fromhex(key.removeprefix("0x")) for key in stored["members"]]
        self._keys = sorted(keys, key=lambda key: int(address_of(key), 16))
        sender = stored.get("sender")
        self._sender = bytes.fromhex(sender.removeprefix("0x")) if sender else self._keys[0]
        self._model = bytes.fromhex(stored["model_hash"].removeprefix("0x"))
        provider = HTTPProvider(rpc_url, request_kwargs={"timeout": timeout})
        self._web3 = Web3(provider)
        self._system = System(self._web3, deployment)
        self._deployment = deployment
        self._lock = Lock()

    def advance(self, seconds: int) -> int:
        """The chain mines by its own timer (docs/adr/0001): the next block has the new time."""
        try:
            before = self._now()
            self._web3.provider.make_request("evm_increaseTime", [seconds])  # type: ignore[arg-type]
            deadline = time.monotonic() + WAIT_SECONDS
            while (now := self._now()) < before + seconds:
                if time.monotonic() > deadline:
                    raise NodeUnavailable("the chain mined no block in time")
                time.sleep(0.05)
        except Exception as error:
            raise typed(error) from error
        return now

    def report(self, scores: dict[int, int], risk: int) -> tuple[int, str]:
        with self._lock:
            length = self._deployment.parameters.frame_length
            self.advance(length)
            frame = self._now() // length - 1
            version = self._system.read("OracleCommittee", "currentVersion")
            first = risk // LANES * LANES
            packed = pack_scores(
                [scores.get(index, NO_SENSOR_DATA) for index in range(first, first + LANES)]
            )
            message = ScoreVector(version, frame, self._model, first, packed)
            vectors = share_scores([(packed, self._signed(message, key)) for key in self._keys])
            arguments = (version, frame, self._model, first, vectors)
            return frame, self._send("RiskFeed", "report", *arguments)

    def outage(self, subject: int, seconds: int, attacked: bool) -> Outage:
        """Slots are attested as time passes them, because each closes after the report delay."""
        parameters = self._deployment.parameters
        length = parameters.slot_length
        piece = max(1, parameters.max_report_delay // 2 // length)
        with self._lock:
            first = self._now() // length + 1
            last = first + max(1, -(-seconds // length)) - 1
            sent = []
            for start in range(first, last + 1, piece):
                end = min(start + piece, last + 1)
                self.advance(max(1, (end + 1) * length - self._now()))
                sent += self._attest_slots(subject, start, end, attacked)
            return Outage(first, last, tuple(sent))

    def _attest_slots(self, subject: int, start: int, end: int, attacked: bool) -> list[str]:
        """Attests the slots start..end-1; one transaction an epoch."""
        sent = []
        for epoch in range(start // SLOTS_PER_EPOCH, (end - 1) // SLOTS_PER_EPOCH + 1):
            base = epoch * SLOTS_PER_EPOCH
            slots = range(max(start, base), min(end, base + SLOTS_PER_EPOCH))
            mask = sum(1 << (slot - base) for slot in slots)
            sent.append(self._attest(subject, epoch, mask, attacked))
        return sent

    def _attest(self, subject: int, epoch: int, lost: int, attacked: bool) -> str:
        version = self._system.read("IncidentRegistry", "committeeOf", epoch)
        evidence = keccak256(b"sandbox")
        rows = self._system.read("OracleCommittee", "members", version)
        seeing = {row["signer"].lower() for row in rows if row["seesAttacks"]}
        observations = []
        for key in self._keys:
            attack = lost if attacked and address_of(key).lower() in seeing else 0
            message = Observation(version, subject, epoch, lost, attack, evidence)
            observations.append(attested(message, self._signed(message, key)))
        return self._send("IncidentRegistry", "attest", subject, epoch, observations)

    def _signed(self, message: Message, key: bytes) -> bytes:
        return sign(digest(message, self._deployment.domain(message)), key)

    def _send(self, contract: str, function: str, *arguments: Any) -> str:
        sender = KeySender(self._web3, self._sender)
        receipt = sender.send(self._system.transaction(contract, function, *arguments))
        return "0x" + bytes(receipt["transactionHash"]).hex()

    def _now(self) -> int:
        return int(self._web3.eth.get_block("latest")["timestamp"])
