"""Posted trees of certificates as CertificateBook sees them: records, root, totals, multiproofs.

A record is 24 bytes: holder or commitment 20, units of sum insured 2, seconds from the batch's base
to the start 2, big endian. A leaf hashes four neighbouring records (the last leaf padded with
zeros), a node its two children; a missing right child counts as zero. The chain keeps only a digest
of a batch's root and header, so claims and expiries bring what it was taken of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from .signatures import keccak256

RECORD_BYTES = 24
RECORDS_PER_LEAF = 4
LEAF_BYTES = RECORD_BYTES * RECORDS_PER_LEAF
INDEX_BYTES = 4
FOR_CLAIMS = 13
"""Bytes of a header that only claims need."""
DIGEST_BYTES = 22
MOST_UNITS = 0xFFFF
"""Units of sum insured, and seconds of start offset, that a record can hold."""
VOID = bytes(RECORD_BYTES)
"""The record of a serial that was never sold."""
MISSING = bytes(32)


class BadRecord(ValueError):
    """A certificate does not fit a record, or records are not whole."""


class BadIndices(ValueError):
    """Indices to prove are none, not strictly increasing, outside the batch, or of voids."""


@dataclass(frozen=True, slots=True)
class Record:
    """One certificate of a posted batch. `holder` is an address or a 20-byte commitment."""

    holder: bytes
    units: int
    start_offset: int

    def packed(self) -> bytes:
        """24 bytes.

        :raises BadRecord: a field does not fit, or there are no units (use VOID)
        """
        if len(self.holder) != 20 or not any(self.holder):
            raise BadRecord(f"a holder has 20 bytes that are not all zero: {self.holder.hex()}")
        if not 0 < self.units <= MOST_UNITS:
            raise BadRecord(f"units {self.units} are not in 1..{MOST_UNITS}")
        if not 0 <= self.start_offset <= MOST_UNITS:
            raise BadRecord(f"start offset {self.start_offset} is not in 0..{MOST_UNITS}")
        return self.holder + self.units.to_bytes(2, "big") + self.start_offset.to_bytes(2, "big")

    @classmethod
    def unpack(cls, packed: bytes) -> Record | None:
        """The record, or None of a void one."""
        units = int.from_bytes(packed[20:22], "big")
        return cls(packed[:20], units, int.from_bytes(packed[22:24], "big")) if units else None


def pack(records: Iterable[Record | None]) -> bytes:
    """The `leaves` argument of `CertificateBook.post`; None is a void serial."""
    return b"".join(VOID if record is None else record.packed() for record in records)


def pack_indices(indices: Iterable[int]) -> bytes:
    """Places of records in a batch, as contracts take and tell them: 4 bytes each, big endian."""
    return b"".join(index.to_bytes(INDEX_BYTES, "big") for index in indices)


def unpack_indices(packed: bytes) -> list[int]:
    """The places of `pack_indices`."""
    starts = range(0, len(packed), INDEX_BYTES)
    return [int.from_bytes(packed[at : at + INDEX_BYTES], "big") for at in starts]


@dataclass(frozen=True, slots=True)
class Proof:
    """Some records of a batch, and what leads from them to its root."""

    indices: tuple[int, ...]
    leaves: bytes
    proof: tuple[bytes, ...]

    @property
    def arguments(self) -> tuple[bytes, bytes, tuple[bytes, ...]]:
        """The last arguments of `ClaimsDesk.settleCertificates`."""
        return pack_indices(self.indices), self.leaves, self.proof


@dataclass(frozen=True)
class PostedTree:
    """The tree over the packed records of one batch."""

    records: bytes

    def __post_init__(self) -> None:
        if not self.records or len(self.records) % RECORD_BYTES:
            raise BadRecord(f"{len(self.records)} bytes are not whole records of {RECORD_BYTES}")

    @property
    def size(self) -> int:
        """Number of records."""
        return len(self.records) // RECORD_BYTES

    @property
    def units(self) -> int:
        """Units of all records."""
        return sum(self.records[20::RECORD_BYTES]) * 256 + sum(self.records[21::RECORD_BYTES])

    @property
    def latest(self) -> int:
        """Largest start offset of a record, seconds."""
        starts = zip(self.records[22::RECORD_BYTES], self.records[23::RECORD_BYTES], strict=True)
        return max(high * 256 + low for high, low in starts)

    @cached_property
    def levels(self) -> tuple[tuple[bytes, ...], ...]:
        """Hashes of each level, the leaves first, the root last."""
        padded = self.records + bytes(-len(self.records) % LEAF_BYTES)
        level = tuple(
            keccak256(padded[at : at + LEAF_BYTES]) for at in range(0, len(padded), LEAF_BYTES)
        )
        levels = [level]
        while len(level) > 1:
            even = level if len(level) % 2 == 0 else (*level, MISSING)
            level = tuple(keccak256(even[at] + even[at + 1]) for at in range(0, len(even), 2))
            levels.append(level)
        return tuple(levels)

    @property
    def root(self) -> bytes:
        """What `post` stores and the underwriter signs, 32 bytes."""
        return self.levels[-1][0]

    def prove(self, indices: Sequence[int]) -> Proof:
        """The multiproof of some records.

        :raises BadIndices: empty, not strictly increasing, outside the batch, or of void records
        """
        self._check(indices)
        known = sorted({index // RECORDS_PER_LEAF for index in indices})
        leaves = b"".join(self._leaf(position) for position in known)
        proof: list[bytes] = []
        for level in self.levels[:-1]:
            here = set(known)
            neighbours = (position ^ 1 for position in known)
            proof += [level[n] for n in neighbours if n not in here and n < len(level)]
            known = sorted({position // 2 for position in known})
        return Proof(tuple(indices), leaves, tuple(proof))

    def _leaf(self, position: int) -> bytes:
        part = self.records[position * LEAF_BYTES : (position + 1) * LEAF_BYTES]
        return part.ljust(LEAF_BYTES, b"\0")

    def _check(self, indices: Sequence[int]) -> None:
        if not indices or any(a >= b for a, b in pairwise(indices)):
            raise BadIndices("indices must be strictly increasing, at least one")
        if indices[0] < 0 or indices[-1] >= self.size:
            raise BadIndices(f"indices must be below {self.size}")
        for index in indices:
            if Record.unpack(self.records[index * RECORD_BYTES :][:RECORD_BYTES]) is None:
                raise BadIndices(f"record {index} is void")


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What a batch's header says of its series and product.

    :param unit: token units of one unit of sum insured
    :param tail: seconds from the last start until the batch may expire
    :param cell: its address
    """

    product: int
    risk: int
    unit: int
    tail: int
    cell: str


@dataclass(frozen=True)
class PostedBatch:
    """A batch on the chain: its tree and its header.

    :param base: chain second that start offsets count from
    :param posted_at: time of the block that holds it
    """

    tree: PostedTree
    base: int
    posted_at: int
    terms: BatchTerms

    @property
    def header(self) -> bytes:
        """50 bytes, before the leaves of a claim."""
        numbers = (self.base, 4), (self.posted_at, 4), (self.tree.latest, 2), (self.tree.size, 3)
        return _packed(numbers) + self._for_expiry

    @property
    def seal(self) -> bytes:
        """59 bytes that name the batch in an expiry, behind its id."""
        return (
            keccak256(self.tree.root + self.header[:FOR_CLAIMS])[:DIGEST_BYTES] + self._for_expiry
        )

    @property
    def digest(self) -> bytes:
        """What the chain keeps of root and header, 22 bytes."""
        return keccak256(self.seal)[-DIGEST_BYTES:]

    @property
    def _for_expiry(self) -> bytes:
        terms = self.terms
        releasable_at = self.base + self.tree.latest + terms.tail
        numbers = (terms.product, 2), (terms.risk, 4), (releasable_at, 5), (terms.unit, 6)
        return _packed(numbers) + bytes.fromhex(terms.cell[2:])

    def prove(self, indices: Sequence[int]) -> Proof:
        """What claims some records: `PostedTree.prove`, its leaves behind the header."""
        proof = self.tree.prove(indices)
        return replace(proof, leaves=self.header + proof.leaves)

    def expiring(self, batch: int) -> bytes:
        """The batch with its id in the argument of `CertificateBook.expire`."""
        return batch.to_bytes(8, "big") + self.seal


def _packed(numbers: Iterable[tuple[int, int]]) -> bytes:
    return b"".join(value.to_bytes(width, "big") for value, width in numbers)
