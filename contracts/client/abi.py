"""Selectors, and ABI values as plain Python: numbers, checksum addresses, 0x-hex, lists, dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode as decode_abi
from eth_utils.address import to_checksum_address

from .signatures import keccak256


def canonical_type(parameter: dict[str, Any]) -> str:
    """The type of an ABI parameter with tuples written out."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical_type(c) for c in parameter["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def signature_hash(entry: dict[str, Any]) -> bytes:
    """keccak256 of `name(types)`: an event's topic; 4 bytes of it select a function or error."""
    types = ",".join(canonical_type(i) for i in entry["inputs"])
    return keccak256(f"{entry['name']}({types})".encode())


def plain(parameter: dict[str, Any], value: Any) -> Any:
    """A decoded value as plain Python; a struct becomes a dict of its members."""
    kind: str = parameter["type"]
    if kind.endswith("]"):
        item = parameter | {"type": kind[: kind.rindex("[")]}
        return [plain(item, v) for v in value]
    if kind == "tuple":
        members = parameter["components"]
        return {m["name"]: plain(m, v) for m, v in zip(members, value, strict=True)}
    if kind == "address":
        return to_checksum_address(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value


def decode(parameters: Sequence[dict[str, Any]], data: bytes) -> dict[str, Any]:
    """Named plain values of ABI-encoded `data`; a nameless parameter is called by its position."""
    values = decode_abi([canonical_type(p) for p in parameters], data)
    return {
        p["name"] or str(i): plain(p, v)
        for i, (p, v) in enumerate(zip(parameters, values, strict=True))
    }
