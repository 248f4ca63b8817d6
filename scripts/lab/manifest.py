"""The list of shipped recordings: what each file holds, how large it is, its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.lab.capture import sha256


def _described(file: Path, truth: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    counted = truth["captures"].get(file.name.removesuffix(".xz"))
    if counted is not None:
        entry["packets"] = counted["packets"]
        entry["duration_us"] = counted["last"] - counted["first"] if counted["packets"] else 0
    return entry


def write_manifest(folder: Path) -> None:
    """Write ``MANIFEST.json`` over every recording that lies in ``folder`` with its truth file."""
    files: dict[str, dict[str, Any]] = {}
    for truth_file in sorted(folder.glob("*/truth.json")):
        truth = json.loads(truth_file.read_text())
        for file in sorted(truth_file.parent.iterdir()):
            files[f"{file.parent.name}/{file.name}"] = _described(file, truth)
    (folder / "MANIFEST.json").write_text(
        json.dumps({"schema": 1, "files": files}, indent=1) + "\n"
    )
