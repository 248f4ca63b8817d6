"""Sum trees of committed bordereaux: records, root with the sum of units, multiproofs.

A record is 34 bytes: holder or commitment 20, units of sum insured 2, seconds from the batch's base
to the start 3, salt 9, big endian. A leaf hashes a record and counts its units; a node hashes its
level, and hash and sum of both children; a missing right child is zero and counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .certificates import BadIndices, BadRecord, Proof
from .signatures import keccak256

RECORD_BYTES = 34
MOST_UNITS = 0xFFFF
MOST_START_OFFSET = 0xFFFFFF
SALT_BYTES = 9
"""Enough that a neighbour in a proof cannot be guessed from its hash."""
REPORT_EVERY = 4_096

Progress = Callable[[int, int], None]
"""Told hashes done and hashes in all, now and then and at the end."""


@dataclass(frozen=True, slots=True)
class SumRecord:
    """One certificate of a committed batch. `holder` is an address or a 20-byte commitment."""

    holder: bytes
    units: int
    start_offset: int
    salt: bytes

    def packed(self) -> bytes:
        """34 bytes.

        :raises BadRecord: a field does not fit, or there are no units (use `void`)
        """
        if len(self.holder) != 20 or not any(self.holder):
            raise BadRecord(f"a holder has 20 bytes that are not all zero: {self.holder.hex()}")
        if not 0 < self.units <= MOST_UNITS:
            raise BadRecord(f"units {self.units} are not in 1..{MOST_UNITS}")
        if not 0 <= self.start_offset <= MOST_START_OFFSET:
            raise BadRecord(f"start offset {self.start_offset} is not in 0..{MOST_START_OFFSET}")
        head = self.holder + self.units.to_bytes(2, "big") + self.start_offset.to_bytes(3, "big")
        return head + _checked(self.salt)


def void(salt: bytes) -> bytes:
    """The record of a serial that was never sold.

    :raises BadRecord: the salt has another length
    """
    return bytes(RECORD_BYTES - SALT_BYTES) + _checked(salt)


def _checked(salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES:
        raise BadRecord(f"a salt has {SALT_BYTES} bytes")
    return salt


def opening(holder: bytes, payee: bytes, transaction_hash: bytes, salt: bytes) -> bytes:
    """72 bytes that open a commitment when it is claimed, without telling the transaction."""
    return holder + payee + keccak256(transaction_hash + salt)


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a committed batch binds; `committed_at` is the block's time."""

    root: bytes
    leaf_file_hash: bytes
    units: int
    size: int
    base: int
    committed_at: int

    def packed(self) -> bytes:
        """86 bytes, before the records in a claim's `leaves`."""
        numbers = (self.units, 8), (self.size, 4), (self.base, 5), (self.committed_at, 5)
        tail = b"".join(value.to_bytes(width, "big") for value, width in numbers)
        return self.root + self.leaf_file_hash + tail


@dataclass(frozen=True, slots=True)
class Level:
    """Hashes and sums of the nodes of one level, from left to right."""

    hashes: tuple[bytes, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SumTree:
    """The tree over the packed records of one batch; made by `build`."""

    records: tuple[bytes, ...]
    levels: tuple[Level, ...]

    @property
    def size(self) -> int:
        """Number of records."""
        return len(self.records)

    @property
    def root(self) -> bytes:
        """Hash of the root, 32 bytes."""
        return self.levels[-1].hashes[0]

    @property
    def units(self) -> int:
        """Units that the root counts."""
        return self.levels[-1].sums[0]

    def commitment(self, base: int, committed_at: int = 0) -> Commitment:
        """What is committed; the leaf file is the records one after the other."""
        leaf_file = keccak256(b"".join(self.records))
        return Commitment(self.root, leaf_file, self.units, self.size, base, committed_at)

    def prove(self, indices: Sequence[int], commitment: Commitment) -> Proof:
        """The multiproof of some records, as `ClaimsDesk.settleCertificates` takes it.

        :raises BadIndices: none, not strictly increasing, outside the batch
        """
        if not indices or any(a >= b for a, b in pairwise(indices)):
            raise BadIndices("indices must be strictly increasing, at least one")
        if indices[0] < 0 or indices[-1] >= self.size:
            raise BadIndices(f"indices must be below {self.size}")
        known = list(indices)
        hashes: list[bytes] = []
        sums: list[int] = []
        for level in self.levels[:-1]:
            here = set(known)
            for position in known:
                neighbour = position ^ 1
                if neighbour not in here and neighbour < len(level.hashes):
                    hashes.append(level.hashes[neighbour])
                    sums.append(level.sums[neighbour])
            known = sorted({position // 2 for position in known})
        packed = b"".join(value.to_bytes(8, "big") for value in sums)
        packed += bytes(-len(packed) % 32)
        words = tuple(packed[at : at + 32] for at in range(0, len(packed), 32))
        leaves = commitment.packed() + b"".join(self.records[index] for index in indices)
        return Proof(tuple(indices), leaves, (*hashes, *words))


def node(level: int, left: bytes, left_sum: int, right: bytes, right_sum: int) -> bytes:
    """Hash of a node of `level`, whose children are one below."""
    return keccak256(
        level.to_bytes(1, "big")
        + left
        + left_sum.to_bytes(8, "big")
        + right
        + right_sum.to_bytes(8, "big")
    )


def build(records: Iterable[bytes], progress: Progress | None = None) -> SumTree:
    """The tree over packed records, in their order.

    :raises BadRecord: there are none, or one has another length
    """
    packed = tuple(records)
    if not packed or any(len(record) != RECORD_BYTES for record in packed):
        raise BadRecord(f"a tree needs records of {RECORD_BYTES} bytes, at least one")
    in_all, done = 2 * len(packed), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None and done % REPORT_EVERY < count:
            progress(min(done, in_all), in_all)

    hashes: list[bytes] = []
    for record in packed:
        hashes.append(keccak256(record))
        told(1)
    sums = [int.from_bytes(record[20:22], "big") for record in packed]
    levels = [Level(tuple(hashes), tuple(sums))]
    while len(hashes) > 1:
        if len(hashes) % 2:
            hashes, sums = [*hashes, bytes(32)], [*sums, 0]
        number, parents = len(levels), []
        for at in range(0, len(hashes), 2):
            parents.append(node(number, hashes[at], sums[at], hashes[at + 1], sums[at + 1]))
            told(1)
        sums = [left + right for left, right in zip(sums[::2], sums[1::2], strict=True)]
        hashes = parents
        levels.append(Level(tuple(hashes), tuple(sums)))
    if progress is not None:
        progress(in_all, in_all)
    return SumTree(packed, tuple(levels))
