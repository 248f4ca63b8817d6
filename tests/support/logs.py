"""Logs of the contracts' events, encoded as a node gives them."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode
from hexbytes import HexBytes
from web3.types import LogReceipt

from contracts.client.abi import canonical_type, signature_hash
from contracts.client.artifacts import artifact
from contracts.client.system import CONTRACTS


def log_of(address: str, contract: str, name: str, *values: Any) -> LogReceipt:
    """A log without its place in a block; values in the order of the declaration."""
    entry = next(e for e in artifact(CONTRACTS[contract]).entries("event") if e["name"] == name)
    pairs = list(zip(entry["inputs"], values, strict=True))
    topics = [signature_hash(entry)]
    topics += [encode([canonical_type(p)], [v]) for p, v in pairs if p["indexed"]]
    plain = [(canonical_type(p), v) for p, v in pairs if not p["indexed"]]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return {  # type: ignore[typeddict-item]
        "address": address,
        "topics": [HexBytes(topic) for topic in topics],
        "data": HexBytes(data),
    }
