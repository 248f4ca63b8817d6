"""Pulls the contracts' logs by block range into the database, and rewinds what a reorg undid.

Blocks near the head are read one by one, linked by parent hash, and kept with their hashes; each
range and each rewind is one database transaction together with everything projected from it. A
database belongs to one chain: another genesis is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from contracts.client.events import Event, EventDecoder
from contracts.client.system import Deployment

from ..storage.database import Database
from .faults import Faults
from .node import Block, Node
from .tables import Chain, IndexedBlock, LedgerEvent

log = logging.getLogger(__name__)

RANGE = 500
"""Most blocks in one range."""


class WrongChain(Exception):
    """The node's chain is not the one that the database or the deployment is of."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"genesis {found} is not {expected}: another chain answers")
        self.expected, self.found = expected, found


class ReorgTooDeep(Exception):
    """The chain changed below the oldest block that may be rewound."""

    def __init__(self, depth: int) -> None:
        super().__init__(f"the chain changed more than {depth} blocks back")
        self.depth = depth


class ChainMoved(Exception):
    """The chain changed while a range was read; the next pass reads it again."""


class Projector(Protocol):
    """Keeps the ledger tables: each object is the fold of its events in chain order."""

    def subject(self, event: Event) -> str:
        """The ledger object that an event changes."""
        ...

    def apply(self, session: Session, event: LedgerEvent) -> None: ...
    def forget(self, session: Session, subject: str) -> None:
        """Removes an object; its remaining events are applied again afterwards."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What a pass did: last block in the database, events added, blocks rewound."""

    block: int
    events: int
    rewound: int


class Indexer:
    """One pass at a time, from one process at a time (a leader lock of the caller)."""

    def __init__(
        self,
        database: Database,
        node: Node,
        deployment: Deployment,
        projector: Projector,
        reorg_depth: int,
        faults: Faults,
    ) -> None:
        self._database = database
        self._node = node
        self._deployment = deployment
        self._decoder = EventDecoder(deployment.contracts)
        self._projector = projector
        self._reorg_depth = reorg_depth
        self._faults = faults

    def check_chain(self) -> None:
        """Binds an empty database to the node's chain.

        :raises WrongChain: the node's genesis is not the deployment's or the database's
        """
        genesis = self._node.block(0)
        found = "none" if genesis is None else genesis.hash
        if found != self._deployment.genesis_hash:
            raise WrongChain(self._deployment.genesis_hash, found)
        with self._database.write() as session:
            stored = session.scalar(select(Chain))
            if stored is None:
                session.add(
                    Chain(
                        chain_id=self._deployment.chain_id,
                        genesis_hash=found,
                        first_block=self._deployment.block,
                    )
                )
            elif stored.genesis_hash != found:
                raise WrongChain(stored.genesis_hash, found)

    def run_once(self) -> Progress:
        """Rewinds to the last common block if the chain changed, then reads up to the head.

        :raises ChainError: the node does not answer
        :raises ReorgTooDeep: see the class
        """
        rewound = self._rewind()
        events = 0
        while True:
            head = self._node.block()
            last = self._last()
            start = self._deployment.block if last is None else last.number + 1
            if head is None or head.number < start:
                return Progress(start - 1, events, rewound)
            try:
                events += self._read_range(last, start, min(head.number, start + RANGE - 1), head)
            except ChainMoved:
                rewound += self._rewind()

    def _last(self) -> IndexedBlock | None:
        with self._database.read() as session:
            return session.scalar(
                select(IndexedBlock).order_by(IndexedBlock.number.desc()).limit(1)
            )

    # -- forward ---------------------------------------------------------------------------------

    def _read_range(self, last: IndexedBlock | None, first: int, end: int, head: Block) -> int:
        logs = self._node.logs(first, end, self._decoder.addresses)
        recent = max(first, head.number - self._reorg_depth)
        wanted = {*range(recent, end + 1), end, *(found["blockNumber"] for found in logs)}
        blocks = {number: self._block(number) for number in sorted(wanted)}
        parent = {number - 1: block.parent_hash for number, block in blocks.items()}
        known = {number: block.hash for number, block in blocks.items()}
        if last is not None:
            known[last.number] = last.hash
        if any(number in known and known[number] != hash_ for number, hash_ in parent.items()):
            raise ChainMoved
        found = [event for event in map(self._decoder.decode, logs) if event is not None]
        if any(known[event.block] != event.block_hash for event in found):
            raise ChainMoved
        self._faults.reached("indexer.logs_read")
        with self._database.write() as session:
            session.add_all(
                IndexedBlock(
                    number=b.number, hash=b.hash, parent_hash=b.parent_hash, timestamp=b.timestamp
                )
                for b in blocks.values()
            )
            for event in found:
                row = self._row(event, blocks[event.block].timestamp)
                session.add(row)
                self._projector.apply(session, row)
            session.flush()
            self._faults.reached("indexer.range_not_committed")
        self._faults.reached("indexer.range_committed")
        return len(found)

    def _block(self, number: int) -> Block:
        block = self._node.block(number)
        if block is None:
            raise ChainMoved
        return block

    def _row(self, event: Event, timestamp: int) -> LedgerEvent:
        return LedgerEvent(
            block_hash=event.block_hash,
            log_index=event.log_index,
            block_number=event.block,
            timestamp=timestamp,
            transaction_hash=event.transaction,
            contract=event.contract,
            name=event.name,
            subject=self._projector.subject(event),
            args=event.values,
        )

    # -- back ------------------------------------------------------------------------------------

    def _rewind(self) -> int:
        """Removes what is no longer on the chain; the number of blocks removed."""
        with self._database.read() as session:
            newest = list(
                session.scalars(
                    select(IndexedBlock)
                    .order_by(IndexedBlock.number.desc())
                    .limit(self._reorg_depth + 1)
                )
            )
        common = self._common(newest)
        if not newest or common == newest[0].number:
            return 0
        log.warning("reorg: rewinding from block %d to %d", newest[0].number, common)
        with self._database.write() as session:
            self._undo(session, common)
            self._faults.reached("indexer.rewind_not_committed")
        self._faults.reached("indexer.rewind_committed")
        return sum(block.number > common for block in newest)

    def _common(self, newest: Sequence[IndexedBlock]) -> int:
        """Number of the newest stored block that the node still has."""
        for stored in newest:
            block = self._node.block(stored.number)
            if block is not None and block.hash == stored.hash:
                return stored.number
        if newest and newest[-1].number > self._deployment.block:
            raise ReorgTooDeep(self._reorg_depth)
        return self._deployment.block - 1

    def _undo(self, session: Session, common: int) -> None:
        gone = LedgerEvent.block_number > common
        subjects = list(session.scalars(select(LedgerEvent.subject).where(gone).distinct()))
        session.execute(delete(LedgerEvent).where(gone))
        session.execute(delete(IndexedBlock).where(IndexedBlock.number > common))
        for subject in subjects:
            self._projector.forget(session, subject)
        session.flush()
        session.expire_all()
        left = select(LedgerEvent).where(LedgerEvent.subject.in_(subjects))
        for event in session.scalars(
            left.order_by(LedgerEvent.block_number, LedgerEvent.log_index)
        ):
            self._projector.apply(session, event)


def indexed_head(session: Session) -> tuple[int, int] | None:
    """Number and time of the newest block in the database."""
    row = session.execute(
        select(IndexedBlock.number, IndexedBlock.timestamp)
        .order_by(IndexedBlock.number.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def event_count(session: Session) -> int:
    """Events in the database."""
    return int(session.scalar(select(func.count()).select_from(LedgerEvent)) or 0)
