"""Every event of every contract, decoded from logs into plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode as decode_abi
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3.types import LogReceipt

from .abi import canonical_type, decode, plain, signature_hash
from .artifacts import artifact
from .system import CONTRACTS


@dataclass(frozen=True, slots=True)
class Event:
    """One decoded log. `values` holds ints, bools, checksum addresses, 0x-hex, lists and dicts."""

    contract: str
    name: str
    values: dict[str, Any]
    address: ChecksumAddress
    block: int
    block_hash: str
    transaction: str
    log_index: int


@cache
def _events_of(contract: str) -> dict[bytes, dict[str, Any]]:
    return {signature_hash(e): e for e in artifact(contract).entries("event")}


def _is_hashed(parameter: dict[str, Any]) -> bool:
    """An indexed value of dynamic type is only there as its hash."""
    kind: str = parameter["type"]
    return kind in ("string", "bytes") or kind.endswith("]") or kind == "tuple"


def _topic_value(parameter: dict[str, Any], topic: bytes) -> Any:
    if _is_hashed(parameter):
        return "0x" + topic.hex()
    return plain(parameter, decode_abi([canonical_type(parameter)], topic)[0])


def values_of(entry: dict[str, Any], topics: list[bytes], data: bytes) -> dict[str, Any]:
    """An event's values in the order of its declaration."""
    indexed = [p for p in entry["inputs"] if p["indexed"]]
    found = {p["name"]: _topic_value(p, t) for p, t in zip(indexed, topics[1:], strict=True)}
    found |= decode([p for p in entry["inputs"] if not p["indexed"]], data)
    return {p["name"]: found[p["name"]] for p in entry["inputs"]}


class EventDecoder:
    """Decodes logs of the contracts at the given addresses.

    :param addresses: name in the deployment → address
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._names = {
            to_checksum_address(address): name
            for name, address in addresses.items()
            if name in CONTRACTS
        }

    @property
    def addresses(self) -> list[ChecksumAddress]:
        """What to ask logs of."""
        return list(self._names)

    def decode(self, log: LogReceipt) -> Event | None:
        """The event, or None when the log is of another contract or of no declared event."""
        name = self._names.get(to_checksum_address(log["address"]))
        if name is None or not log["topics"]:
            return None
        topics = [bytes(t) for t in log["topics"]]
        entry = _events_of(CONTRACTS[name]).get(topics[0])
        if entry is None:
            return None
        return Event(
            contract=name,
            name=entry["name"],
            values=values_of(entry, topics, bytes(log["data"])),
            address=to_checksum_address(log["address"]),
            block=log["blockNumber"],
            block_hash="0x" + bytes(log["blockHash"]).hex(),
            transaction="0x" + bytes(log["transactionHash"]).hex(),
            log_index=log["logIndex"],
        )
