"""A sensor's batches: how they are signed and chained, and what breaks the chain; changes when
their form does.

A batch is the flows that arrived in one frame at one insured asset, as Parquet bytes, under a
header that names its place in the sensor's chain. Its addresses are pseudonyms. Every closed frame
has a batch, an empty one where nothing arrived, so a missing one is a silent sensor.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from contracts.client.signatures import BadSignature, keccak256, recover, sign
from oracles.domain.quorum import Signer
from oracles.evidence.bundle import canonical

GENESIS: Final = bytes(32)
"""What stands for the hash before a sensor's first batch."""

_PREFIX: Final = b"\x19flowcover sensor batch\n"
MOST_PAYLOAD: Final = 64 << 20


class MalformedBatch(ValueError):
    """A batch that cannot be read or whose parts contradict each other."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed batch: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class BatchHeader:
    """What a sensor signs. ``feed`` is the RiskFeed's address; ``hosts`` are the pseudonyms of the
    asset's own hosts; ``late`` counts the flows that ended in an earlier frame."""

    chain_id: int
    feed: str
    risk: int
    frame: int
    sequence: int
    previous: str
    payload_hash: str
    flows: int
    late: int
    hosts: tuple[str, ...]

    def hash(self) -> bytes:
        """The header's 32 bytes: what is signed, and what the next header calls ``previous``."""
        return keccak256(_PREFIX + canonical(asdict(self) | {"hosts": list(self.hosts)}))


@dataclass(frozen=True)
class Batch:
    """A signed header with its payload; ``sensor`` is who the signature says has signed."""

    header: BatchHeader
    payload: bytes
    signature: bytes
    sensor: Signer


def seal(header: BatchHeader, payload: bytes, key: bytes, sensor: Signer) -> Batch:
    """The batch under its sensor's signature."""
    return Batch(header, payload, sign(header.hash(), key), sensor)


def payload_hash(payload: bytes) -> str:
    """0x-hex keccak-256 of the payload."""
    return "0x" + keccak256(payload).hex()


def to_wire(batch: Batch) -> dict[str, Any]:
    """The JSON object of a batch."""
    return {
        "header": asdict(batch.header) | {"hosts": list(batch.header.hosts)},
        "payload": base64.b64encode(batch.payload).decode(),
        "signature": "0x" + batch.signature.hex(),
    }


def from_wire(fields: object) -> Batch:
    """Reads a batch, checks its payload against its header and recovers its sensor.

    Raises MalformedBatch.
    """
    if not isinstance(fields, Mapping) or not isinstance(fields.get("header"), Mapping):
        raise MalformedBatch("no header")
    header = _header(fields["header"])
    try:
        payload = base64.b64decode(fields["payload"], validate=True)
        signature = bytes.fromhex(str(fields["signature"]).removeprefix("0x"))
        sensor = Signer(recover(header.hash(), signature))
    except (KeyError, TypeError, ValueError, binascii.Error, BadSignature) as error:
        raise MalformedBatch(f"payload or signature: {error}") from error
    if len(payload) > MOST_PAYLOAD:
        raise MalformedBatch(f"{len(payload)} bytes of payload")
    if payload_hash(payload) != header.payload_hash:
        raise MalformedBatch("the payload has another hash than the header says")
    return Batch(header, payload, signature, sensor)


def _header(fields: Mapping[str, Any]) -> BatchHeader:
    if set(fields) != set(BatchHeader.__dataclass_fields__):
        raise MalformedBatch("the header's fields differ")
    numbers = ("chain_id", "risk", "frame", "sequence", "flows", "late")
    if any(type(fields[n]) is not int or not 0 <= fields[n] < 1 << 53 for n in numbers):
        raise MalformedBatch("a number of the header is none")
    hosts = fields["hosts"]
    texts = [fields["feed"], fields["previous"], fields["payload_hash"]]
    if not isinstance(hosts, list) or any(not isinstance(t, str) for t in [*texts, *hosts]):
        raise MalformedBatch("a text of the header is none")
    return BatchHeader(**{**fields, "hosts": tuple(hosts)})


@dataclass(frozen=True)
class ChainEnd:
    """Where a sensor's chain stands at one member."""

    sequence: int = -1
    hash: bytes = GENESIS


@dataclass(frozen=True)
class Gap:
    """Sequence numbers ``first`` to ``last`` of a sensor that never came."""

    first: int
    last: int


def follow(end: ChainEnd, header: BatchHeader) -> Gap | None:
    """What is missing between the chain's end and a header with a higher sequence number.

    Raises MalformedBatch when the header contradicts the chain: a neighbour that names another
    predecessor.
    """
    if header.sequence == end.sequence + 1:
        if header.previous != "0x" + end.hash.hex():
            raise MalformedBatch(f"sequence {header.sequence} names another predecessor")
        return None
    return Gap(end.sequence + 1, header.sequence - 1)
