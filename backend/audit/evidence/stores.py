"""Where an audit finds evidence: any number of folders or buckets; changes when several are no
longer searched as one.

A bundle counts only if its bytes have the hash that names it, a batch only if its header has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from oracles.attest.batches import Batch, MalformedBatch, from_wire
from oracles.evidence.bundle import Bundle, EvidenceError, EvidenceStore

SHORT = 18


class Stores:
    """Several places of evidence, folders or buckets, that are searched as one."""

    def __init__(self, places: Sequence[Path | str]) -> None:
        """Raises EvidenceError: the settings of a bucket are incomplete."""
        try:
            self._stores = [EvidenceStore(place) for place in places]
        except ValueError as error:
            raise EvidenceError("(all)", str(error)) from error

    def bundle(self, name: bytes) -> Bundle:
        """The bundle with this hash. Raises EvidenceError: in no folder, or with other bytes."""
        worst: EvidenceError | None = None
        for store in self._stores:
            try:
                return store.get(name)
            except EvidenceError as error:
                if worst is None or "not in" in worst.reason:
                    worst = error
        raise worst or EvidenceError(name.hex(), "no evidence folder is given")

    def batch(self, header_hash: bytes) -> Batch:
        """The sensor's batch with this header hash, its payload and signature checked.

        Raises EvidenceError.
        """
        worst: EvidenceError | None = None
        for store in self._stores:
            try:
                batch = from_wire(store.batch(header_hash))
            except EvidenceError as error:
                worst = worst or error
                continue
            except MalformedBatch as error:
                worst = EvidenceError(header_hash.hex(), error.reason)
                continue
            if batch.header.hash() == header_hash:
                return batch
            worst = EvidenceError(header_hash.hex(), "the batch's header has another hash")
        raise worst or EvidenceError(header_hash.hex(), "no evidence folder is given")

    def bundles(self) -> Iterator[tuple[bytes, Bundle | EvidenceError]]:
        """Every bundle once, or why it cannot be used, in order of hash."""
        for name in sorted({name for store in self._stores for name in store.names()}):
            try:
                yield name, self.bundle(name)
            except EvidenceError as error:
                yield name, error

    def batches(self) -> Iterator[tuple[bytes, Batch | EvidenceError]]:
        """Every batch once, or why it cannot be used, in order of hash."""
        for name in sorted({name for store in self._stores for name in store.batch_names()}):
            try:
                yield name, self.batch(name)
            except EvidenceError as error:
                yield name, error
