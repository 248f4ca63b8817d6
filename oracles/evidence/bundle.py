"""Canonical bytes of bundles and the folder that keeps them; changes when their encoding does.

A bundle is JSON in the form of RFC 8785; its name is the keccak-256 of those bytes, the same 32
bytes that a signed observation carries. Beside the bundles lie the sensors' batches that they name,
each under the hash of its signed header.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import rfc8785

from contracts.client.signatures import keccak256
from oracles.evidence.objects import Objects, objects_at

Bundle = Mapping[str, Any]
MOST_BYTES: Final = 16 << 20
BATCHES: Final = "batches/"


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
    """Bundles, each under its hash, and the batches that they name.

    Every call raises EvidenceError when the place where they are kept cannot be reached.
    """

    def __init__(self, at: Path | str | Objects) -> None:
        """:param at: a folder, `s3://bucket/prefix`, or any other place for named bytes"""
        self._objects = objects_at(at) if isinstance(at, str | Path) else at

    def put(self, bundle: Bundle) -> bytes:
        """Keeps a bundle and returns its hash; keeping the same one twice changes nothing."""
        data = canonical(bundle)
        name = hash_of(data)
        self._write(_path(name), data)
        return name

    def raw(self, name: bytes) -> bytes:
        """The canonical bytes. Raises EvidenceError when absent or not what the name says."""
        data = self._read(_path(name))
        if data is None:
            raise EvidenceError(name.hex(), "not in this store")
        if hash_of(data) != name:
            raise EvidenceError(name.hex(), "its bytes have another hash")
        return data

    def get(self, name: bytes) -> Bundle:
        """The bundle. Raises EvidenceError as ``raw``, or when it is no JSON object."""
        return parse(name, self.raw(name))

    def names(self) -> Iterator[bytes]:
        """All hashes, in no order."""
        return (name for path, name in self._names("") if path.count("/") == 1)

    def keep_batch(self, header_hash: bytes, wire: Bundle) -> None:
        """Keeps a sensor's batch in its wire form; keeping the same one twice changes nothing."""
        self._write(BATCHES + _path(header_hash), canonical(wire))

    def batch(self, header_hash: bytes) -> Bundle:
        """A batch's wire form, unchecked. Raises EvidenceError when absent or no object."""
        data = self._read(BATCHES + _path(header_hash))
        if data is None:
            raise EvidenceError(header_hash.hex(), "batch is not in this store")
        return parse(header_hash, data)

    def batch_names(self) -> Iterator[bytes]:
        """The header hashes of all batches, in no order."""
        return (name for _, name in self._names(BATCHES))

    def _read(self, path: str) -> bytes | None:
        try:
            return self._objects.read(path)
        except OSError as error:
            raise EvidenceError(path, str(error)) from error

    def _write(self, path: str, data: bytes) -> None:
        try:
            self._objects.write(path, data)
        except OSError as error:
            raise EvidenceError(path, str(error)) from error

    def _names(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Paths and hashes of what is kept under a prefix."""
        try:
            for path in self._objects.names(prefix):
                stem = path.rpartition("/")[2].removesuffix(".json")
                if path.endswith(".json"):
                    yield path, bytes.fromhex(stem)
        except OSError as error:
            raise EvidenceError(prefix or "(all)", str(error)) from error


def _path(name: bytes) -> str:
    text = name.hex()
    return f"{text[:2]}/{text}.json"


def parse(name: bytes, data: bytes) -> Bundle:
    """A bundle from its bytes. Raises EvidenceError when they are no JSON object."""
    try:
        bundle = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(name.hex(), "no JSON") from error
    if not isinstance(bundle, dict):
        raise EvidenceError(name.hex(), "no object")
    return bundle
