"""What a member remembers across a restart, in one SQLite file; changes when it remembers more.

Everything here was received or made by this member and could be lost without harm to anyone's
money: the chain and the evidence folder decide. One connection serves the member's threads.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from contracts.client.messages import Observation, ScoreVector
from oracles.attest import batches, messages
from oracles.attest.batches import Batch, ChainEnd, Gap
from oracles.attest.messages import Signed
from oracles.attest.score import BatchEntry
from oracles.domain.incident import Epoch, Slot
from oracles.domain.quorum import Frame, Signer, Turn
from oracles.evidence.observation import Mark

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS identity (chain TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS frames (frame INTEGER PRIMARY KEY, seen_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    sensor TEXT, risk INTEGER, sequence INTEGER, frame INTEGER NOT NULL, hash BLOB NOT NULL,
    wire TEXT NOT NULL, PRIMARY KEY (sensor, risk, sequence));
CREATE INDEX IF NOT EXISTS batches_by_frame ON batches (risk, frame);
CREATE INDEX IF NOT EXISTS batches_by_hash ON batches (hash);
CREATE TABLE IF NOT EXISTS gaps (
    sensor TEXT, risk INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (sensor, risk, first));
CREATE TABLE IF NOT EXISTS vectors (
    arrival INTEGER PRIMARY KEY, version INTEGER, frame INTEGER, first_risk INTEGER, signer TEXT,
    wire TEXT NOT NULL, UNIQUE (version, frame, first_risk, signer));
CREATE TABLE IF NOT EXISTS observations (
    arrival INTEGER PRIMARY KEY, version INTEGER, subject TEXT, epoch INTEGER, signer TEXT,
    lost TEXT, attack TEXT, wire TEXT NOT NULL,
    UNIQUE (version, subject, epoch, signer, lost, attack));
CREATE TABLE IF NOT EXISTS marks (
    subject TEXT, slot INTEGER, lost TEXT, attack TEXT, PRIMARY KEY (subject, slot));
CREATE TABLE IF NOT EXISTS scored (
    frame INTEGER, first_risk INTEGER, evidence BLOB NOT NULL, PRIMARY KEY (frame, first_risk));
CREATE TABLE IF NOT EXISTS turns (
  work TEXT PRIMARY KEY, place INTEGER NOT NULL, since INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS intents (
    id INTEGER PRIMARY KEY, work TEXT NOT NULL, nonce INTEGER NOT NULL, price INTEGER NOT NULL,
    hash BLOB NOT NULL UNIQUE, state TEXT NOT NULL);
"""

MOST_OBSERVATIONS: Final = 256
"""Of one member about one epoch of one subject: it can set each of 64 bits of two masks once."""

IntentState = Literal["pending", "mined", "failed"]


class OtherChain(Exception):
    """The file belongs to a member of another deployment."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"the database is of chain {found}, not {wanted}")
        self.found, self.wanted = found, wanted


@dataclass(frozen=True)
class Intent:
    """A transaction that was signed, stored before it was sent."""

    work: str
    nonce: int
    price: int
    hash: bytes
    state: IntentState


class Store:
    """A member's memory. ``chain`` names the deployment it is of (raises OtherChain)."""

    def __init__(self, path: Path | Literal[":memory:"], chain: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self._claim(chain)

    def _claim(self, chain: str) -> None:
        with self._transaction():
            found = self._rows("SELECT chain FROM identity")
            if found and found[0][0] != chain:
                raise OtherChain(found[0][0], chain)
            self._rows("INSERT OR IGNORE INTO identity VALUES (?)", chain)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _changed(self, sql: str, *values: Any) -> bool:
        with self._lock:
            return self._db.execute(sql, values).rowcount > 0

    # ---- frames and turns

    def seen_closed(self, frame: Frame, now: int) -> int:
        """When the frame was first seen closed; ``now`` if that is now."""
        self._rows("INSERT OR IGNORE INTO frames VALUES (?, ?)", frame, now)
        return int(self._rows("SELECT seen_at FROM frames WHERE frame = ?", frame)[0][0])

    def turn(self, work: str, now: int, turn_delay: int) -> Turn:
        """How far the line has come with a piece of work at ``now``; at its head if that is new."""
        with self._transaction():
            rows = self._rows("SELECT place, since FROM turns WHERE work = ?", work)
            turn = Turn(*rows[0]).at(now, turn_delay) if rows else Turn(0, now)
            self._rows(
                "INSERT OR REPLACE INTO turns VALUES (?, ?, ?)", work, turn.place, turn.since
            )
        return turn

    # ---- sensors

    def chain_end(self, sensor: Signer, risk: int) -> ChainEnd:
        """The newest batch of a sensor's chain."""
        rows = self._rows(
            "SELECT sequence, hash FROM batches WHERE sensor = ? AND risk = ?"
            " ORDER BY sequence DESC LIMIT 1",
            sensor, risk,
        )  # fmt: skip
        return ChainEnd(rows[0][0], rows[0][1]) if rows else ChainEnd()

    def add_batch(self, batch: Batch, gap: Gap | None) -> bool:
        """Keeps a batch and what is missing before it; False when its number is taken."""
        header = batch.header
        key = (batch.sensor, header.risk)
        wire = json.dumps(batches.to_wire(batch))
        with self._transaction():
            added = self._changed(
                "INSERT OR IGNORE INTO batches VALUES (?, ?, ?, ?, ?, ?)",
                *key, header.sequence, header.frame, header.hash(), wire,
            )  # fmt: skip
            if added and gap is not None:
                self._rows("INSERT INTO gaps VALUES (?, ?, ?, ?)", *key, gap.first, gap.last)
        return added

    def batch_entries(
        self, risk: int, sensor: Signer, first: Frame, last: Frame
    ) -> list[BatchEntry]:
        """A risk's batches of frames first..last, in order of sequence."""
        rows = self._rows(
            "SELECT frame, hash FROM batches WHERE risk = ? AND sensor = ?"
            " AND frame BETWEEN ? AND ? ORDER BY sequence",
            risk, sensor, first, last,
        )  # fmt: skip
        return [BatchEntry(*row) for row in rows]

    def batch(self, header_hash: bytes) -> Batch:
        """A batch by its header's hash. Raises KeyError when it is not here."""
        rows = self._rows("SELECT wire FROM batches WHERE hash = ?", header_hash)
        if not rows:
            raise KeyError(header_hash.hex())
        return batches.from_wire(json.loads(rows[0][0]))

    def has_batch(self, risk: int, sensor: Signer, frame: Frame) -> bool:
        """Whether a risk's batch of a frame has come."""
        sql = "SELECT 1 FROM batches WHERE risk = ? AND sensor = ? AND frame = ?"
        return bool(self._rows(sql, risk, sensor, frame))

    def gaps(self, risk: int) -> list[Gap]:
        """What is missing of a risk's batches."""
        rows = self._rows("SELECT first, last FROM gaps WHERE risk = ? ORDER BY first", risk)
        return [Gap(*row) for row in rows]

    # ---- signed words

    def add_vector(self, signed: Signed, vector: ScoreVector) -> bool:
        """Keeps a member's first vector of a frame; False when it has one already."""
        return self._changed(
            "INSERT OR IGNORE INTO vectors (version, frame, first_risk, signer, wire)"
            " VALUES (?, ?, ?, ?, ?)",
            vector.committee_version, vector.frame, vector.first_risk_index, signed.signer,
            json.dumps(messages.to_wire(signed)),
        )  # fmt: skip

    def vectors(self, version: int, frame: Frame, first_risk: int) -> list[Signed]:
        """The vectors of a frame in the order in which they came."""
        return self._words(
            "SELECT signer, wire FROM vectors WHERE version = ? AND frame = ? AND first_risk = ?"
            " ORDER BY arrival",
            version, frame, first_risk,
        )  # fmt: skip

    def add_observation(self, signed: Signed, seen: Observation) -> bool:
        """Keeps an observation; False when it is known, or its signer has had its share."""
        key = (seen.committee_version, hex(seen.subject), seen.epoch, signed.signer)
        with self._transaction():
            count = self._rows(
                "SELECT count(*) FROM observations"
                " WHERE version = ? AND subject = ? AND epoch = ? AND signer = ?", *key,
            )  # fmt: skip
            return count[0][0] < MOST_OBSERVATIONS and self._changed(
                "INSERT OR IGNORE INTO observations"
                " (version, subject, epoch, signer, lost, attack, wire)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                *key, hex(seen.lost_mask), hex(seen.attack_mask),
                json.dumps(messages.to_wire(signed)),
            )  # fmt: skip

    def observations(self, version: int, subject: int, epoch: Epoch) -> list[Signed]:
        """The observations of an epoch in the order in which they came."""
        return self._words(
            "SELECT signer, wire FROM observations WHERE version = ? AND subject = ? AND epoch = ?"
            " ORDER BY arrival",
            version, hex(subject), epoch,
        )  # fmt: skip

    def _words(self, sql: str, *values: Any) -> list[Signed]:
        rows = self._rows(sql, *values)
        return [Signed(*messages.parse(json.loads(wire)), signer) for signer, wire in rows]

    # ---- own evidence

    def add_marks(self, subject: int, marks: Sequence[Mark]) -> None:
        """Adds evidence for bits that have none yet; what is there stays as it is."""
        with self._transaction():
            for mark in marks:
                self._rows(
                    "INSERT INTO marks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " lost = coalesce(lost, excluded.lost),"
                    " attack = coalesce(attack, excluded.attack)",
                    hex(subject), mark.slot, _json(mark.lost), _json(mark.attack),
                )  # fmt: skip

    def marks(self, subject: int, first: Slot, last: Slot) -> list[Mark]:
        """Own marks of slots first..last, in order."""
        rows = self._rows(
            "SELECT slot, lost, attack FROM marks WHERE subject = ? AND slot BETWEEN ? AND ?"
            " ORDER BY slot",
            hex(subject), first, last,
        )  # fmt: skip
        return [Mark(s, _parsed(lost), _parsed(attack)) for s, lost, attack in rows]

    def add_scored(self, frame: Frame, first_risk: int, evidence: bytes) -> None:
        """Notes the evidence of an own vector."""
        self._rows("INSERT OR IGNORE INTO scored VALUES (?, ?, ?)", frame, first_risk, evidence)

    def score_evidence(self, frame: Frame) -> list[bytes]:
        """The hashes of the evidence behind the own vectors of a frame."""
        rows = self._rows("SELECT evidence FROM scored WHERE frame = ? ORDER BY first_risk", frame)
        return [row[0] for row in rows]

    # ---- transactions

    def add_intent(self, work: str, nonce: int, price: int, tx_hash: bytes) -> None:
        """Remembers a signed transaction before it is sent."""
        self._rows(
            "INSERT INTO intents (work, nonce, price, hash, state) VALUES (?, ?, ?, ?, 'pending')",
            work, nonce, price, tx_hash,
        )  # fmt: skip

    def resolve_intent(self, tx_hash: bytes, state: IntentState) -> None:
        """Notes what became of a transaction."""
        self._rows("UPDATE intents SET state = ? WHERE hash = ?", state, tx_hash)

    def intents(self, state: IntentState) -> list[Intent]:
        """Transactions in a state, oldest first."""
        rows = self._rows(
            "SELECT work, nonce, price, hash, state FROM intents WHERE state = ? ORDER BY id", state
        )
        return [Intent(*row) for row in rows]

    def sent(self, work: str) -> list[Intent]:
        """Every transaction that was made for a piece of work, oldest first."""
        rows = self._rows(
            "SELECT work, nonce, price, hash, state FROM intents WHERE work = ? ORDER BY id", work
        )
        return [Intent(*row) for row in rows]

    def forget(self, batch: Frame, frame: Frame, slot: Slot, epoch: Epoch) -> None:
        """Drops batches, rounds, marks and observations that are older; transactions stay, and so
        does the end of each sensor's chain."""
        with self._transaction():
            for table in ("frames", "vectors", "scored"):
                self._rows(f"DELETE FROM {table} WHERE frame < ?", frame)
            self._rows(
                "DELETE FROM batches WHERE frame < ? AND (sensor, risk, sequence) NOT IN"
                " (SELECT sensor, risk, max(sequence) FROM batches GROUP BY sensor, risk)",
                batch,
            )
            self._rows("DELETE FROM marks WHERE slot < ?", slot)
            self._rows("DELETE FROM observations WHERE epoch < ?", epoch)


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
