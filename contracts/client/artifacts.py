"""ABIs and bytecode of the compiled contracts, as brownie leaves them in `.build/contracts`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parents[2] / ".build" / "contracts"


class ArtifactMissing(Exception):
    """A contract has not been compiled."""

    def __init__(self, name: str) -> None:
        super().__init__(f"contract {name} is not compiled: run `make compile`")
        self.name = name


@dataclass(frozen=True, slots=True)
class Artifact:
    """What compiling one contract gave; `bytecode` is hex without 0x."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """ABI entries of one kind: function, event, error or constructor."""
        return [entry for entry in self.abi if entry["type"] == kind]


@cache
def artifact(name: str) -> Artifact:
    """
    :raises ArtifactMissing: not compiled
    """
    path = BUILD / f"{name}.json"
    try:
        built = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ArtifactMissing(name) from error
    return Artifact(name, built["abi"], built["bytecode"])


def is_compiled(name: str) -> bool:
    """Whether the contract has an artifact."""
    return (BUILD / f"{name}.json").exists()
