"""The sensor at an insured asset as a process: cuts its flows into frames, signs and chains them,
and gives each member every batch; changes when what a sensor sends does.

    python -m oracles.sensor --config sensor.json

A flow joins the frame in which it arrives. Every closed frame gets a batch, an empty one when
nothing arrived in it, so a missing batch is a silent sensor, or one whose recorder is silent.
Addresses leave the house as pseudonyms.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pandas as pd

from contracts.client.errors import ChainError
from contracts.client.node import connect
from contracts.client.signatures import address_of
from contracts.client.system import Deployment
from oracles.attest.batches import (
    GENESIS,
    Batch,
    BatchHeader,
    payload_hash,
    seal,
    to_wire,
)
from oracles.attest.keys import read_key, read_secret
from oracles.attest.live import FrameSource, RecordedFrames
from oracles.attest.score import pack_flows
from oracles.attest.sources import FlowCache, FlowTable
from oracles.domain.incident import MICROS
from oracles.domain.quorum import Frame, Signer, frame_at
from oracles.evidence.pseudonym import Pseudonyms
from oracles.logs import json_logger
from oracles.quorum.web3_chain import Web3Chain
from oracles.quorum.wiring import EXPECTED_ERRORS
from oracles.settings import NetflowSettings, SensorSettings

MOST_FRAMES_BACK: Final = 120
"""Frames before the newest closed one with which a new sensor begins at most."""

KEEP_FRAMES: Final = 1_000


@dataclass(frozen=True)
class Place:
    """Whose batches these are, and for which contract."""

    chain_id: int
    feed: str
    risk: int
    frame_length: int


class Spool:
    """The sensor's own chain of batches, and how far each member has taken it."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(
            "CREATE TABLE IF NOT EXISTS batches (sequence INTEGER PRIMARY KEY,"
            " frame INTEGER NOT NULL, hash BLOB NOT NULL, wire TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS taken (member TEXT PRIMARY KEY, next INTEGER NOT NULL);"
        )

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def end(self) -> tuple[int, Frame | None, bytes]:
        """Sequence number, frame and hash of the newest batch."""
        rows = self._rows(
            "SELECT sequence, frame, hash FROM batches ORDER BY sequence DESC LIMIT 1"
        )
        return (rows[0][0], Frame(rows[0][1]), rows[0][2]) if rows else (-1, None, GENESIS)

    def add(self, batch: Batch) -> None:
        """Keeps a batch before anyone is given it."""
        header = batch.header
        wire = json.dumps(to_wire(batch))
        self._rows(
            "INSERT INTO batches VALUES (?, ?, ?, ?)",
            header.sequence, header.frame, header.hash(), wire,
        )  # fmt: skip
        self._rows("DELETE FROM batches WHERE sequence < ?", header.sequence - KEEP_FRAMES)

    def next_for(self, member: str) -> tuple[int, str] | None:
        """Sequence number and wire form of the batch that a member lacks; None when it has all."""
        rows = self._rows(
            "SELECT sequence, wire FROM batches WHERE sequence >="
            " coalesce((SELECT next FROM taken WHERE member = ?), 0) ORDER BY sequence LIMIT 1",
            member,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def taken(self, member: str, sequence: int) -> None:
        """Notes that a member has a batch, or never will."""
        self._rows("INSERT OR REPLACE INTO taken VALUES (?, ?)", member, sequence + 1)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()


@dataclass
class Sensor:
    """Makes the batches of one risk."""

    place: Place
    hosts: tuple[str, ...]
    key: bytes
    source: FrameSource
    names: Pseudonyms
    spool: Spool
    since: int
    """second of chain time at which the source begins; 0 = with the newest closed frame"""
    _begun: bool = False

    def cut(self, now: int) -> int:
        """Makes a batch for each frame that closed and is complete by second ``now`` of chain time;
        how many."""
        closed = Frame(frame_at(now, self.place.frame_length) - 1)
        sequence, last, previous = self.spool.end()
        first = self._first(closed) if last is None else last + 1
        length_us = self.place.frame_length * MICROS
        if not self._begun:
            self.source.begin(first * length_us)
            self._begun = True
        made = 0
        for frame in range(first, closed + 1):
            if not self.source.complete((frame + 1) * length_us, now * MICROS):
                break
            made += 1
            batch = self._batch(Frame(frame), sequence + made, previous)
            self.spool.add(batch)
            previous = batch.header.hash()
        return made

    def behind(self, now: int) -> int:
        """Closed frames that have no batch yet; more than one when the recorder is silent."""
        closed = frame_at(now, self.place.frame_length) - 1
        _, last, _ = self.spool.end()
        return max(closed - last, 0) if last is not None else 1

    def _first(self, closed: Frame) -> int:
        began = self.since // self.place.frame_length if self.since else closed
        return max(min(began, closed), closed - MOST_FRAMES_BACK, 0)

    def _batch(self, frame: Frame, sequence: int, previous: bytes) -> Batch:
        length_us = self.place.frame_length * MICROS
        flows, late = self.source.take(frame * length_us, (frame + 1) * length_us)
        payload = pack_flows(pseudonymous(flows, self.names))
        header = BatchHeader(
            chain_id=self.place.chain_id,
            feed=self.place.feed,
            risk=self.place.risk,
            frame=frame,
            sequence=sequence,
            previous="0x" + previous.hex(),
            payload_hash=payload_hash(payload),
            flows=len(flows),
            late=late,
            hosts=tuple(self.names.host(host) for host in self.hosts),
        )
        return seal(header, payload, self.key, Signer(address_of(self.key)))


def pseudonymous(flows: pd.DataFrame, names: Pseudonyms) -> pd.DataFrame:
    """The flows with names in place of addresses."""
    columns = {}
    for column in ("orig_h", "resp_h"):
        used = flows[column].cat.remove_unused_categories()
        columns[column] = used.cat.rename_categories(names.host)
    return flows.assign(**columns)


class Courier(threading.Thread):
    """Gives one member every batch in order."""

    def __init__(
        self, member: str, spool: Spool, told: Callable[[str], None], timeout_s: float = 10.0
    ) -> None:
        super().__init__(name=f"to {member}", daemon=True)
        self._member = member
        self._spool = spool
        self._told = told
        self._client = httpx.Client(timeout=timeout_s)
        self.news = threading.Event()
        self.stopped = threading.Event()

    def run(self) -> None:
        """Delivers until stopped; tries again a second after a failure."""
        while not self.stopped.is_set():
            self.news.wait(0.5)
            self.news.clear()
            while not self.stopped.is_set() and (waiting := self._spool.next_for(self._member)):
                if not self._give(*waiting):
                    self.stopped.wait(1.0)
        self._client.close()

    def _give(self, sequence: int, wire: str) -> bool:
        headers = {"content-type": "application/json"}
        try:
            answer = self._client.post(f"{self._member}/batches", content=wire, headers=headers)
        except httpx.HTTPError as error:
            self._told(f"{self._member}: {type(error).__name__}")
            return False
        if answer.status_code == httpx.codes.FORBIDDEN or answer.is_server_error:
            self._told(f"{self._member}: batch {sequence} not taken yet: {answer.status_code}")
            return False
        if not answer.is_success:
            self._told(f"{self._member}: batch {sequence} refused: {answer.text}")
        self._spool.taken(self._member, sequence)
        return True


def build(settings: SensorSettings, chain: Web3Chain, spool: Spool) -> Sensor:
    """A sensor ready to cut. Raises KeyFileError, SourceError, OSError, ValueError."""
    password_file = settings.keystore_password_file
    key = read_key(settings.key_file, read_secret(password_file) if password_file else None)
    source, since = _source(settings)
    deployed = chain.deployed
    return Sensor(
        place=Place(deployed.chain_id, deployed.feed, settings.risk, deployed.terms.frame_length),
        hosts=settings.hosts,
        key=key,
        source=source,
        names=Pseudonyms(read_secret(settings.pseudonym_key_file).encode()),
        spool=spool,
        since=since,
    )


def _source(settings: SensorSettings) -> tuple[FrameSource, int]:
    """The flows by frame, and the second of chain time at which a recording begins (0 = none)."""
    source = settings.source
    if isinstance(source, NetflowSettings):
        return source.live(), 0
    if live := source.live():
        return live, 0
    flows = FlowCache(settings.data_dir / "flows").connections(source.path)
    return RecordedFrames(FlowTable(flows, source.rebase)), source.rebase.chain_base


def run(settings: SensorSettings) -> int:
    """Runs a sensor until it is told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logger = json_logger(settings.name)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    web3 = connect(settings.rpc_url)
    chain = Web3Chain(web3, Deployment.read(settings.deployment))
    spool = Spool(settings.data_dir / "sensor.sqlite")
    sensor = build(settings, chain, spool)
    couriers = [Courier(member, spool, logger.warning) for member in settings.members]
    for courier in couriers:
        courier.start()
    logger.info("running", extra={"fields": settings.model_dump(mode="json")})
    block = -1
    try:
        while not stop.is_set():
            block = _step(sensor, chain, block, couriers, logger)
            stop.wait(settings.poll_ms / 1000)
    finally:
        for courier in couriers:
            courier.stopped.set()
            courier.news.set()
        for courier in couriers:
            courier.join(timeout=15)
        spool.close()
    return 0


def _step(
    sensor: Sensor,
    chain: Web3Chain,
    block: int,
    couriers: Sequence[Courier],
    logger: logging.Logger,
) -> int:
    """Cuts what has closed since ``block``; the newest block's number."""
    sensor.source.poll()
    try:
        newest = chain.newest()
        if newest == block:
            return block
        now = chain.view().now
        made = sensor.cut(now)
    except ChainError as failure:
        logger.error(f"{type(failure).__name__}: {failure}")
        return block
    arrival = sensor.source.arrival(now * MICROS)
    fields = {"silent_s": arrival.silent_s, "refused": dict(arrival.quarantine.counts)}
    behind = sensor.behind(now)
    if behind > 1:
        logger.warning(f"{behind} frames without a batch", extra={"fields": fields})
    if made:
        sequence, frame, _ = sensor.spool.end()
        logger.info(f"frame {frame}: batch {sequence}", extra={"fields": fields})
        for courier in couriers:
            courier.news.set()
    return newest


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="oracles.sensor", description="A sensor at an asset")
    parser.add_argument("--config", type=Path, required=True, help="the sensor's settings, JSON")
    options = parser.parse_args(argv)
    try:
        return run(SensorSettings.read(options.config))
    except EXPECTED_ERRORS as error:
        print(f"{options.config.stem}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
