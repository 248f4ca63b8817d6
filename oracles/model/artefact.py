"""A model as files and its hash; changes when what identifies a model does.

``registry/<hash>/`` holds ``bins.json``, ``model.ubj``, ``calibration.json``, ``card.json`` and
``reference.json`` (how the features of training were distributed, by which drift is told). The
hash is keccak-256 over the canonical JSON (RFC 8785) of the hashes of the bins, of the dump of
the trees and of the calibration, so it does not depend on how the booster is stored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NewType

import rfc8785
import xgboost as xgb
from eth_utils.crypto import keccak

from oracles.domain.binning import Bins
from oracles.domain.calibration import Calibration
from oracles.domain.drift import Reference

ModelHash = NewType("ModelHash", bytes)

REGISTRY: Final = Path(__file__).with_name("registry")
CURRENT: Final = "CURRENT"  # the file that names the shipped model


class ModelError(Exception):
    """A model whose files are missing, unreadable, or not those its name says."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


@dataclass(frozen=True)
class Artefact:
    """The parts of a model that decide its scores."""

    bins: Bins
    booster: xgb.Booster
    calibration: Calibration

    @property
    def model_hash(self) -> ModelHash:
        trees = "\n".join(self.booster.get_dump(dump_format="json")).encode()
        parts = {
            "bins": _hex(rfc8785.dumps(_plain(self.bins))),
            "calibration": _hex(rfc8785.dumps(_plain(self.calibration))),
            "trees": _hex(trees),
        }
        return ModelHash(keccak(rfc8785.dumps(parts)))


def save(
    artefact: Artefact,
    card: dict[str, Any],
    registry: Path = REGISTRY,
    reference: Reference | None = None,
) -> Path:
    """Writes a model's folder, makes it the registry's current one, and returns its path. Without a
    reference the model never tells of drift."""
    name = artefact.model_hash.hex()
    folder = registry / name
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "bins.json", _plain(artefact.bins))
    _write(folder / "calibration.json", _plain(artefact.calibration))
    _write(folder / "card.json", card)
    (folder / "reference.json").write_text(json.dumps(dict(reference or {}), sort_keys=True) + "\n")
    artefact.booster.save_model(folder / "model.ubj")
    (registry / CURRENT).write_text(name + "\n")
    return folder


def load(folder: Path) -> Artefact:
    """Reads a model's folder. Raises ModelError unless its content has the hash of its name."""
    try:
        bins = json.loads((folder / "bins.json").read_text())
        calibration = json.loads((folder / "calibration.json").read_text())
        booster = xgb.Booster({"nthread": 1}, model_file=folder / "model.ubj")
        artefact = Artefact(
            Bins(tuple(bins["features"]), tuple(bins["edges"])),
            booster,
            Calibration(tuple(calibration["margins"]), tuple(calibration["scores"])),
        )
    except (OSError, ValueError, KeyError, TypeError, xgb.core.XGBoostError) as error:
        raise ModelError(folder, f"cannot be read: {error}") from error
    if artefact.model_hash.hex() != folder.name:
        raise ModelError(folder, f"holds the model {artefact.model_hash.hex()}")
    return artefact


def reference_of(folder: Path) -> Reference:
    """How the features of a model's training were distributed. Raises ModelError."""
    try:
        reference: Reference = json.loads((folder / "reference.json").read_text())
    except (OSError, ValueError) as error:
        raise ModelError(folder, f"has no reference to tell drift by: {error}") from error
    return reference


def shipped(registry: Path = REGISTRY) -> Path:
    """The folder of the registry's current model. Raises ModelError when there is none."""
    try:
        return registry / (registry / CURRENT).read_text().strip()
    except OSError as error:
        raise ModelError(registry, "names no current model") from error


def _plain(part: Bins | Calibration) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in asdict(part).items()}


def _hex(content: bytes) -> str:
    return "0x" + keccak(content).hex()


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
