"""The outbox against a chain in memory: one effect for each intent, whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.chain.faults import Faults
from backend.chain.keys import Signer
from backend.chain.outbox import Intent, Outbox, OutboxRules, enqueue
from backend.chain.tables import ChainTransaction
from backend.storage.database import Database
from contracts.client.errors import ContractReverted, NodeUnavailable
from tests.support.engines import new_database
from tests.support.fake_chain import GWEI, FakeChain

KEY = b"\x01" * 32
RULES = OutboxRules(finality_depth=3, bump_seconds=30, max_fee=500 * GWEI)


class Bench:
    """An outbox, its chain, its database and its clock."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(new_database(folder))
        self.chain = FakeChain()
        self.now = 1_000.0
        self.signer = Signer(KEY)

    def outbox(self) -> Outbox:
        return Outbox(
            self.database, self.chain, self.signer, RULES, lambda: self.now, Faults(None, None)
        )

    def put(self, key: str, data: bytes | None = None, after: str | None = None) -> str:
        with self.database.write() as session:
            intent = Intent(
                key=key,
                sender=self.signer.address,
                contract="PolicyBook",
                function="touch",
                to="0x" + "22" * 20,
                data=data or key.encode(),
                case_id="case",
                after=after,
            )
            return enqueue(session, intent, int(self.now)).id

    def row(self, identity: str) -> ChainTransaction:
        with self.database.read() as session:
            return session.query(ChainTransaction).filter_by(id=identity).one()

    def run(self, passes: int = 1, mine: int = 0) -> None:
        for _ in range(passes):
            self.outbox().run_once()
            self.chain.mine(mine)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_run__call_that_reverts__fails_with_the_contracts_error(bench: Bench) -> None:
    bench.chain.refusals[b"a"] = ContractReverted("QuoteExpired", {"deadline": 5, "time": 9})
    identity = bench.put("a")
    bench.run()
    row = bench.row(identity)
    assert row.status == "failed"
    assert row.error == {"name": "QuoteExpired", "values": {"deadline": "5", "time": "9"}}
    assert bench.chain.pool == {}


def test_run__node_down_while_sending__goes_on_later_with_one_effect(bench: Bench) -> None:
    identity = bench.put("a")
    bench.chain.down = True
    with pytest.raises(NodeUnavailable):
        bench.run()
    bench.chain.down = False
    bench.run(passes=3, mine=1)
    assert bench.row(identity).status == "mined"
    assert bench.chain.sent_data() == [b"a"]


def test_enqueue__same_key_twice__is_one_transaction(bench: Bench) -> None:
    assert bench.put("a") == bench.put("a")
    bench.run(passes=4, mine=1)
    assert bench.chain.sent_data() == [b"a"]


def test_enqueue__key_that_failed__is_tried_again_with_the_new_data(bench: Bench) -> None:
    bench.chain.refusals[b"old"] = ContractReverted("NothingDue", {})
    identity = bench.put("a", b"old")
    bench.run()
    assert bench.put("a", b"new") == identity
    bench.run(passes=2, mine=1)
    assert bench.chain.sent_data() == [b"new"]


def test_run__mined_and_deep_enough__is_final(bench: Bench) -> None:
    identity = bench.put("a")
    bench.run(passes=2, mine=1)
    assert bench.row(identity).status == "mined"
    bench.run(passes=4, mine=1)
    row = bench.row(identity)
    assert (row.status, row.gas_used, row.block_number) == ("final", 50_000, 1)


def test_run__mined_but_reverted__fails_when_final(bench: Bench) -> None:
    bench.chain.reverting.add(b"a")
    identity = bench.put("a")
    bench.run(passes=6, mine=1)
    row = bench.row(identity)
    assert row.status == "failed"
    assert row.error == {"name": "RevertedOnChain", "values": {}}


def test_run__mined_but_reverted__tells_the_contracts_error(bench: Bench) -> None:
    bench.chain.reverting.add(b"a")
    identity = bench.put("a")
    bench.run()
    bench.chain.refusals[b"a"] = ContractReverted("QuoteUsed", {"digest": "0x01"})
    bench.run(passes=2, mine=1)
    assert bench.row(identity).error == {"name": "QuoteUsed", "values": {"digest": "0x01"}}


def test_run__many_intents__have_successive_nonces_in_order(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.put(name)
    bench.run()
    bench.chain.mine()
    assert bench.chain.sent_data() == [b"a", b"b", b"c"]


def test_run__intent_after_another__waits_until_that_is_mined(bench: Bench) -> None:
    first = bench.put("a")
    second = bench.put("b", after=first)
    bench.run()
    assert bench.row(second).status == "intent"
    bench.run(passes=3, mine=1)
    assert bench.chain.sent_data() == [b"a", b"b"]


def test_run__reorg_takes_it_back__is_sent_again_as_the_same_transaction(bench: Bench) -> None:
    identity = bench.put("a")
    bench.run(passes=2, mine=1)
    before = bench.row(identity).hash
    bench.chain.reorg(depth=2)
    bench.run()
    assert bench.row(identity).status == "sent"
    bench.chain.mine()
    bench.run()
    assert bench.row(identity).status == "mined"
    assert bench.row(identity).hash == before
    assert bench.chain.sent_data() == [b"a"]


def test_run__base_fee_rose_above_the_fee__is_replaced_on_the_same_nonce(bench: Bench) -> None:
    identity = bench.put("a")
    bench.run()
    bench.chain.base_fee = 20 * GWEI
    bench.chain.mine(2)
    bench.now += RULES.bump_seconds
    bench.run()
    bench.chain.mine()
    bench.run()
    row = bench.row(identity)
    assert row.status == "mined"
    assert [a.status for a in row.attempts] == ["replaced", "mined"]
    assert len({a.nonce for a in row.attempts}) == 1
    assert bench.chain.sent_data() == [b"a"]


def test_run__fee_would_pass_the_most__keeps_the_old_one(bench: Bench) -> None:
    identity = bench.put("a")
    bench.run()
    bench.chain.base_fee = 1_000 * GWEI
    bench.chain.mine(2)
    bench.now += RULES.bump_seconds
    for _ in range(60):
        bench.now += RULES.bump_seconds
        bench.run()
    assert max(a.max_fee for a in bench.row(identity).attempts) <= RULES.max_fee


def test_run__nonce_taken_by_a_stranger__waits_for_finality_then_starts_again(
    bench: Bench,
) -> None:
    bench.chain.take_nonce(KEY, 0)
    identity = bench.put("a")
    bench.outbox()._start(bench.chain.mined[-1].header)
    bench.chain.pool.clear()
    bench.chain.take_nonce(KEY, 0)
    bench.chain.mine()
    bench.run()
    assert bench.row(identity).status == "sent"
    bench.chain.mine(3)
    bench.run(passes=3, mine=1)
    assert bench.row(identity).status == "mined"
    assert bench.chain.sent_data() == [b"other", b"a"]


def test_run__mined_but_its_receipt_is_lost__is_not_sent_a_second_time(bench: Bench) -> None:
    identity = bench.put("a")
    bench.run()
    bench.chain.lose_receipts = True
    bench.chain.mine(5)
    bench.run(passes=6, mine=1)
    assert bench.chain.sent_data() == [b"a"]
    bench.chain.lose_receipts = False
    bench.run()
    assert bench.row(identity).status == "final"


def test_run__nothing_to_do__does_not_ask_the_node(bench: Bench) -> None:
    bench.chain.down = True
    assert bench.outbox().run_once() == 0
