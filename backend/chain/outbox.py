"""The outbox: chain writes that survive a crash anywhere with one effect on chain.

An intent is stored under a unique key before anything is signed; each signed transaction is stored
before it is sent, so whatever was sent can be sent again, byte for byte. One owner per sending key
(a leader lock of the caller) gives out nonces.

    intent → signed → sent → mined → final
                 └────── failed ──────┘      (refused in simulation, or mined and reverted)

An attempt that a dearer one overtook, or whose nonce another sender's transaction used, ends as
`replaced`; in the second case the intent starts again, once that other transaction is final.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.client.errors import (
    AlreadyKnown,
    ChainError,
    ContractReverted,
    NodeRefused,
    NonceTooLow,
    OutOfGas,
    Underpriced,
)

from ..storage.database import Database
from .faults import Faults
from .keys import Call, Fees, TransactionSigner
from .node import Block, Node, Receipt
from .tables import Attempt, ChainTransaction

log = logging.getLogger(__name__)

INTENT, SIGNED, SENT, MINED, FINAL, FAILED, REPLACED = (
    "intent", "signed", "sent", "mined", "final", "failed", "replaced",
)  # fmt: skip
OPEN = (SIGNED, SENT, MINED)
MOST_IN_FLIGHT = 16
GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to happen on chain; `after` is the id of an intent that must be mined before."""

    key: str
    sender: str
    contract: str
    function: str
    to: str
    data: bytes
    case_id: str
    platform_id: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxRules:
    """Depth at which a block is final, seconds until a fee bump, the dearest fee in wei, and
    seconds after which what was sent and is not mined is sent again."""

    finality_depth: int
    bump_seconds: int
    max_fee: int
    resend_seconds: int = 10


def enqueue(session: Session, intent: Intent, now: int) -> ChainTransaction:
    """Stores an intent, or finds the one with its key; a failed one is tried again with new data.

    The effect is part of the caller's database transaction.
    """
    row = session.scalar(select(ChainTransaction).where(ChainTransaction.key == intent.key))
    if row is None:
        row = _insert(session, intent, now)
    if row.status == FAILED:
        row.status, row.error, row.nonce, row.hash = INTENT, None, None, None
        row.block_number = row.block_hash = row.gas_used = None
        row.data, row.to, row.after, row.updated_at = intent.data, intent.to, intent.after, now
    return row


def _insert(session: Session, intent: Intent, now: int) -> ChainTransaction:
    row = ChainTransaction(
        id=f"ctx_{secrets.token_hex(12)}",
        key=intent.key,
        status=INTENT,
        sender=intent.sender,
        contract=intent.contract,
        function=intent.function,
        to=intent.to,
        data=intent.data,
        case_id=intent.case_id,
        platform_id=intent.platform_id,
        after=intent.after,
        created_at=now,
        updated_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return session.scalars(
            select(ChainTransaction).where(ChainTransaction.key == intent.key)
        ).one()
    return row


class Outbox:
    """Moves the intents of one sending key forward; call `run_once` from one process at a time."""

    def __init__(
        self,
        database: Database,
        node: Node,
        signer: TransactionSigner,
        rules: OutboxRules,
        clock: Callable[[], float],
        faults: Faults,
    ) -> None:
        self._database = database
        self._node = node
        self._signer = signer
        self._rules = rules
        self._clock = clock
        self._faults = faults
        self._chain_id: int | None = None

    def run_once(self) -> int:
        """One pass: looks for receipts, sends again what got lost, then starts new intents.

        Returns how many intents changed their status.
        :raises ChainError: the node does not answer; nothing is lost, the next pass goes on
        """
        if not self._has_work():
            return 0
        head = self._node.block()
        if head is None:
            raise NodeRefused("the chain has no block")
        return self._reconcile(head) + self._start(head)

    # -- what was signed before ----------------------------------------------------------------

    def _reconcile(self, head: Block) -> int:
        with self._database.read() as session:
            rows = list(session.scalars(self._rows(OPEN)))
        if not rows:
            return 0
        used = self._node.nonce(self._signer.address)
        return sum(self._reconcile_one(row, head, used) for row in rows)

    def _reconcile_one(self, row: ChainTransaction, head: Block, used: int) -> bool:
        receipt = self._receipt([a for a in row.attempts if a.nonce == row.nonce])
        if receipt is not None:
            self._faults.reached("outbox.receipt_not_stored")
            return self._mined(row, receipt, head)
        left_the_chain = row.status == MINED
        if left_the_chain:
            log.warning("transaction left the chain", extra={"case_id": row.case_id})
            self._store(row, status=SENT, block_number=None, block_hash=None, gas_used=None)
            row.status = SENT
        assert row.nonce is not None
        if used > row.nonce:
            return self._nonce_used(row, head)
        newest = row.attempts[-1]
        if row.status == SENT and self._clock() - newest.signed_at >= self._rules.bump_seconds:
            return self._bump(row, newest, head)
        waited = self._clock() - row.updated_at >= self._rules.resend_seconds
        if row.status == SENT and not waited and not left_the_chain:
            return False
        return self._send(row, newest)

    def _receipt(self, attempts: Sequence[Attempt]) -> Receipt | None:
        for attempt in reversed(attempts):
            receipt = self._node.receipt(attempt.hash)
            if receipt is not None:
                return receipt
        return None

    def _mined(self, row: ChainTransaction, receipt: Receipt, head: Block) -> bool:
        deep = head.number - receipt.block_number >= self._rules.finality_depth
        status = MINED
        if deep:
            status = FINAL if receipt.succeeded else FAILED
        if (status, receipt.block_hash) == (row.status, row.block_hash):
            return False
        error = None if receipt.succeeded else self._reason(row, receipt)
        self._store(
            row,
            status=status,
            hash=receipt.transaction_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            gas_used=receipt.gas_used,
            error=error,
        )
        self._faults.reached("outbox.final_stored" if deep else "outbox.mined_stored")
        return True

    def _reason(self, row: ChainTransaction, receipt: Receipt) -> dict[str, object]:
        """Why a mined transaction reverted: the same call at its block, if the node tells."""
        try:
            self._node.call(row.to, row.data, self._signer.address, receipt.block_number)
        except ChainError as refusal:
            return _named(refusal)
        return {"name": "RevertedOnChain", "values": {}}

    def _nonce_used(self, row: ChainTransaction, head: Block) -> bool:
        """No receipt, yet the nonce is gone: the receipt is late, or a stranger used the nonce."""
        assert row.nonce is not None
        holder = self._node.nonce_holder(self._signer.address, row.nonce)
        if holder is None or holder[0] in {a.hash for a in row.attempts}:
            return False
        if head.number - holder[1] < self._rules.finality_depth:
            return False
        log.warning("nonce used by another transaction", extra={"case_id": row.case_id})
        self._store(row, status=INTENT, nonce=None, hash=None)
        return True

    def _bump(self, row: ChainTransaction, newest: Attempt, head: Block) -> bool:
        """The same call on the same nonce with a fee at least an eighth higher."""
        market = self._fees(head)
        fees = Fees(
            max(market.max_fee, newest.max_fee * 9 // 8 + 1),
            max(market.priority_fee, newest.priority_fee * 9 // 8 + 1),
        )
        if fees.max_fee > self._rules.max_fee:
            return self._send(row, newest)
        assert row.nonce is not None
        attempt = self._sign(row, row.nonce, newest.gas_limit, fees)
        self._faults.reached("outbox.bump_stored")
        return self._send(row, attempt)

    # -- new intents -----------------------------------------------------------------------------

    def _start(self, head: Block) -> int:
        with self._database.read() as session:
            in_flight = session.scalar(
                select(func.count()).select_from(self._rows((SIGNED, SENT)).subquery())
            )
            room = MOST_IN_FLIGHT - int(in_flight or 0)
            waiting = list(session.scalars(self._rows((INTENT,)).limit(max(0, room))))
            ready = [row for row in waiting if self._is_ready(session, row)]
        return sum(self._start_one(row, head) for row in ready)

    def _is_ready(self, session: Session, row: ChainTransaction) -> bool:
        if row.after is None:
            return True
        before = session.scalar(
            select(ChainTransaction.status).where(ChainTransaction.id == row.after)
        )
        return before in (MINED, FINAL, FAILED)

    def _start_one(self, row: ChainTransaction, head: Block) -> bool:
        try:
            gas = self._node.gas_limit(self._signer.address, row.to, row.data)
        except (ContractReverted, OutOfGas) as refusal:
            self._fail(row, refusal)
            return True
        self._faults.reached("outbox.simulated")
        attempt = self._sign(row, self._next_nonce(), gas, self._fees(head))
        self._faults.reached("outbox.signed_stored")
        self._send(row, attempt)
        return True

    def _next_nonce(self) -> int:
        """Above everything mined and everything signed that is not final."""
        with self._database.read() as session:
            query = select(func.max(ChainTransaction.nonce)).where(
                ChainTransaction.sender == self._signer.address, ChainTransaction.status.in_(OPEN)
            )
            highest = session.scalar(query)
        used = self._node.nonce(self._signer.address)
        return used if highest is None else max(used, highest + 1)

    def _fees(self, head: Block) -> Fees:
        priority = self._node.priority_fee()
        most = self._rules.max_fee
        return Fees(min(most, 2 * head.base_fee + priority), min(most, priority))

    # -- steps, each stored before the next ------------------------------------------------------

    def _sign(self, row: ChainTransaction, nonce: int, gas: int, fees: Fees) -> Attempt:
        if self._chain_id is None:
            self._chain_id = self._node.chain_id()
        call = Call(row.to, row.data, 0, gas)
        signed = self._signer.sign_transaction(call, nonce, fees, self._chain_id)
        self._faults.reached("outbox.signed_not_stored")
        now = int(self._clock())
        attempt = Attempt(
            hash=signed.hash,
            transaction_seq=row.seq,
            number=len(row.attempts) + 1,
            status=SIGNED,
            nonce=nonce,
            raw=signed.raw,
            gas_limit=gas,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
            signed_at=now,
        )
        with self._database.write() as session:
            stored = session.get_one(ChainTransaction, row.seq)
            for earlier in stored.attempts:
                earlier.status = REPLACED
            stored.status, stored.nonce, stored.hash = SIGNED, nonce, signed.hash
            stored.tries += 1
            stored.updated_at = now
            session.add(attempt)
        return attempt

    def _send(self, row: ChainTransaction, attempt: Attempt) -> bool:
        """Hands the stored bytes over. Sending them twice is harmless on a chain that checks the
        nonce when it mines; Ganache does not, so what was sent gets time to be mined first."""
        try:
            self._node.send(attempt.raw)
        except (AlreadyKnown, NonceTooLow):
            pass
        except Underpriced as refusal:
            log.warning("underpriced: %s", refusal, extra={"case_id": row.case_id})
        self._faults.reached("outbox.sent_not_stored")
        with self._database.write() as session:
            stored = session.get_one(ChainTransaction, row.seq)
            stored.status, stored.updated_at = SENT, int(self._clock())
            session.get_one(Attempt, attempt.hash).status = SENT
        self._faults.reached("outbox.sent_stored")
        return True

    def _fail(self, row: ChainTransaction, refusal: ChainError) -> None:
        log.warning("refused in simulation: %s", refusal, extra={"case_id": row.case_id})
        self._store(row, status=FAILED, error=_named(refusal))

    def _store(self, row: ChainTransaction, **changes: object) -> None:
        with self._database.write() as session:
            stored = session.get_one(ChainTransaction, row.seq)
            for name, value in changes.items():
                setattr(stored, name, value)
            stored.updated_at = int(self._clock())
            for attempt in stored.attempts:
                if stored.status in (MINED, FINAL, FAILED):
                    ours = attempt.hash == stored.hash
                    attempt.status = stored.status if ours else REPLACED
                elif stored.status == INTENT:
                    attempt.status = REPLACED

    # -- reading ---------------------------------------------------------------------------------

    def _rows(self, statuses: Sequence[str]):  # type: ignore[no-untyped-def]
        return (
            select(ChainTransaction)
            .where(
                ChainTransaction.sender == self._signer.address,
                ChainTransaction.status.in_(statuses),
            )
            .order_by(ChainTransaction.seq)
        )

    def _has_work(self) -> bool:
        with self._database.read() as session:
            return session.scalar(self._rows((INTENT, *OPEN)).limit(1)) is not None


def _named(refusal: ChainError) -> dict[str, object]:
    """A refusal as it is stored: the custom error's name and values, integers as text."""
    if isinstance(refusal, ContractReverted):
        values = {name: _plain(value) for name, value in refusal.values.items()}
        return {"name": refusal.name, "values": values}
    return {"name": type(refusal).__name__, "values": {"text": str(refusal)}}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
