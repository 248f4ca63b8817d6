"""Canonical bytes of bundles and the folder that keeps them; changes when their encoding does.

A bundle is JSON in the form of RFC 8785; its name is the keccak-256 of those bytes, the same 32
bytes that a signed observation carries. Beside the bundles lie the sensors' batches that they name,
each under the hash of its signed header.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import rfc8785

from contracts.client.signatures import keccak256

Bundle = Mapping[str, Any]
MOST_BYTES: Final = 16 << 20


class EvidenceError(Exception):
    """A bundle that cannot be used; ``reason`` says why in a few words."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"evidence {name}: {reason}")
        self.name, self.reason = name, reason


def canonical(bundle: Bundle) -> bytes:
    """The bundle's RFC 8785 form. Raises EvidenceError for values that have none."""
    try:
        return rfc8785.dumps(dict(bundle))
    except rfc8785.CanonicalizationError as error:
        raise EvidenceError("(new)", str(error)) from error


def hash_of(data: bytes) -> bytes:
    """The 32 bytes that name a bundle."""
    return keccak256(data)


class EvidenceStore:
    """Bundles in a folder, each in a file named by its hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, bundle: Bundle) -> bytes:
        """Keeps a bundle and returns its hash; keeping the same one twice changes nothing."""
        data = canonical(bundle)
        name = hash_of(data)
        path = self._path(name)
        if not path.exists():
            _write(path, data)
        return name

    def raw(self, name: bytes) -> bytes:
        """The canonical bytes. Raises EvidenceError when absent or not what the name says."""
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            raise EvidenceError(name.hex(), "not in this store") from None
        if hash_of(data) != name:
            raise EvidenceError(name.hex(), "its bytes have another hash")
        return data

    def get(self, name: bytes) -> Bundle:
        """The bundle. Raises EvidenceError as ``raw``, or when it is no JSON object."""
        return parse(name, self.raw(name))

    def names(self) -> Iterator[bytes]:
        """All hashes, in no order."""
        return (bytes.fromhex(p.stem) for p in self._folder.glob("*/*.json"))

    def keep_batch(self, header_hash: bytes, wire: Bundle) -> None:
        """Keeps a sensor's batch in its wire form; keeping the same one twice changes nothing."""
        path = self._batch_path(header_hash)
        if not path.exists():
            _write(path, canonical(wire))

    def batch(self, header_hash: bytes) -> Bundle:
        """A batch's wire form, unchecked. Raises EvidenceError when absent or no object."""
        try:
            data = self._batch_path(header_hash).read_bytes()
        except FileNotFoundError:
            raise EvidenceError(header_hash.hex(), "batch is not in this store") from None
        return parse(header_hash, data)

    def batch_names(self) -> Iterator[bytes]:
        """The header hashes of all batches, in no order."""
        return (bytes.fromhex(p.stem) for p in self._folder.glob("batches/*/*.json"))

    def _path(self, name: bytes) -> Path:
        text = name.hex()
        return self._folder / text[:2] / f"{text}.json"

    def _batch_path(self, header_hash: bytes) -> Path:
        text = header_hash.hex()
        return self._folder / "batches" / text[:2] / f"{text}.json"


def _write(path: Path, data: bytes) -> None:
    """Writes a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def parse(name: bytes, data: bytes) -> Bundle:
    """A bundle from its bytes. Raises EvidenceError when they are no JSON object."""
    try:
        bundle = json.loads(data)
    except ValueError as error:
        raise EvidenceError(name.hex(), "no JSON") from error
    if not isinstance(bundle, dict):
        raise EvidenceError(name.hex(), "no object")
    return bundle
