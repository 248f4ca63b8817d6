"""The list of shipped recordings: what each file holds, how large it is, its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyarrow.parquet import ParquetFile

from scripts.lab.capture import sha256


def _described(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": sha256(file)}


def _captured(file: Path, truth: dict[str, Any]) -> dict[str, Any]:
    counted = truth["captures"].get(file.name.removesuffix(".xz"))
    if counted is None:
        return {}
    duration = counted["last"] - counted["first"] if counted["packets"] else 0
    return {"packets": counted["packets"], "duration_us": duration}


def _tabled(file: Path) -> dict[str, Any]:
    return {"flows": ParquetFile(file).metadata.num_rows} if file.suffix == ".parquet" else {}


def write_manifest(folder: Path) -> None:
    """Write ``MANIFEST.json`` over the recordings in ``folder`` and its laboratory."""
    files: dict[str, dict[str, Any]] = {}
    for truth_file in sorted(folder.glob("*/truth.json")):
        truth = json.loads(truth_file.read_text())
        for file in sorted(truth_file.parent.iterdir()):
            name = f"{file.parent.name}/{file.name}"
            files[name] = {**_described(file), **_captured(file, truth), **_tabled(file)}
    for file in sorted((folder / "lab").glob("*.*")):
        files[f"lab/{file.name}"] = {**_described(file), **_tabled(file)}
    text = json.dumps({"schema": 1, "files": files}, indent=1)
    (folder / "MANIFEST.json").write_text(text + "\n")
