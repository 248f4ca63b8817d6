"""What brownie tells the compiler, for scripts that ask it themselves; changes with the keys of
brownie-config.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

CONFIG = Path(__file__).resolve().parents[2] / "brownie-config.yaml"


def settings() -> dict[str, Any]:
    """The `settings` of the compiler's JSON input, without a selection of outputs."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["compiler"]
    solc = config["solc"]
    return {
        "evmVersion": config["evm_version"],
        "optimizer": solc["optimizer"],
        "viaIR": solc["viaIR"],
        "remappings": solc["remappings"],
    }
