"""The indexer against a chain in memory: every event once, whatever the chain does."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.chain.faults import Faults
from backend.chain.indexer import Indexer, Progress, ReorgTooDeep, WrongChain
from backend.chain.node import Block
from backend.chain.tables import IndexedBlock, LedgerEvent
from backend.ledger.projection import LedgerProjector
from backend.ledger.tables import LedgerMasks, LedgerRisk
from backend.storage.database import Database
from contracts.client.errors import NodeUnavailable
from contracts.client.system import Deployment, SystemParameters
from tests.support.api import APPLICANT, address
from tests.support.engines import new_database
from tests.support.fake_chain import FakeChain
from tests.support.logs import log_of

REGISTER, INCIDENTS = address("RiskRegister"), address("IncidentRegistry")
DEPTH = 12


class Stopped(Exception):
    """Stands for a crash."""


class StoppingAt(Faults):
    """Ends a pass at a point, as a crash does, without killing the tests."""

    def __init__(self, point: str | None) -> None:
        super().__init__(None, None)
        self.point = point

    def reached(self, name: str) -> None:
        if name == self.point:
            raise Stopped(name)


class Bench:
    def __init__(self, folder: Path, chain: FakeChain | None = None) -> None:
        self.folder = folder
        self.database = Database(new_database(folder))
        self.chain = chain or FakeChain()
        names = {"RiskRegister": REGISTER, "IncidentRegistry": INCIDENTS}
        self.deployment = Deployment(
            1337, self.chain.mined[0].header.hash, 1, names, SystemParameters()
        )

    def indexer(self, point: str | None = None, depth: int = DEPTH) -> Indexer:
        return Indexer(
            self.database,
            self.chain,
            self.deployment,
            LedgerProjector(),
            depth,
            StoppingAt(point),
        )

    def run(self) -> Progress:
        return self.indexer().run_once()

    def register(self, risk: int) -> None:
        self.chain.emit(
            log_of(
                REGISTER, "RiskRegister", "RiskRegistered",
                risk, APPLICANT.address, risk.to_bytes(32, "big"), 3_000,
            )
        )  # fmt: skip

    def attest(self, lost: int) -> None:
        self.chain.emit(log_of(INCIDENTS, "IncidentRegistry", "SlotsAttested", 0, 5, lost, 0))

    def risks(self) -> list[int]:
        with self.database.read() as session:
            return list(session.scalars(select(LedgerRisk.risk).order_by(LedgerRisk.risk)))

    def state(self) -> tuple[list[str], list[str], list[int]]:
        """Hashes of blocks, places of events, and indices of risks in the database."""
        with self.database.read() as session:
            blocks = list(session.scalars(select(IndexedBlock.hash).order_by(IndexedBlock.number)))
            events = [f"{e.block_hash}.{e.log_index}" for e in session.scalars(select(LedgerEvent))]
        return blocks, sorted(events), self.risks()

    def truth(self) -> tuple[list[str], list[str], list[int]]:
        """What a new database of the same chain has."""
        other = Bench(self.folder, self.chain)
        other.run()
        return other.state()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_check_chain__other_genesis_than_the_deployments__is_refused(bench: Bench) -> None:
    bench.chain.mined[0].header = Block(0, "0x" + "99" * 32, "0x", 0, 0)
    with pytest.raises(WrongChain):
        bench.indexer().check_chain()


def test_check_chain__database_of_another_chain__is_refused(bench: Bench) -> None:
    bench.indexer().check_chain()
    other = FakeChain()
    other.mined[0].header = Block(0, "0x" + "99" * 32, "0x", 0, 0)
    bench.chain = other
    bench.deployment = Deployment(1337, "0x" + "99" * 32, 1, {}, SystemParameters())
    with pytest.raises(WrongChain):
        bench.indexer().check_chain()


def test_run__node_down__keeps_what_there_is(bench: Bench) -> None:
    bench.register(0)
    bench.run()
    bench.chain.down = True
    with pytest.raises(NodeUnavailable):
        bench.run()
    assert bench.risks() == [0]


def test_run__new_events__are_projected_once(bench: Bench) -> None:
    bench.register(0)
    bench.register(1)
    assert bench.run() == Progress(2, 2, 0)
    assert bench.run() == Progress(2, 0, 0)
    assert bench.risks() == [0, 1]


def test_run__nothing_but_empty_blocks__moves_the_cursor(bench: Bench) -> None:
    bench.chain.mine(7)
    assert bench.run() == Progress(7, 0, 0)


@pytest.mark.parametrize("depth", range(1, DEPTH + 1))
def test_run__reorg__equals_an_index_made_after_it(bench: Bench, depth: int) -> None:
    for risk in range(14):
        bench.register(risk)
    bench.run()
    bench.chain.reorg(depth)
    for risk in range(50, 50 + depth + 1):
        bench.register(risk)
    progress = bench.run()
    assert progress.rewound == depth
    assert bench.state() == bench.truth()
    assert 50 in bench.risks()


def test_run__reorg_to_a_shorter_chain__removes_what_is_gone(bench: Bench) -> None:
    for risk in range(5):
        bench.register(risk)
    bench.run()
    bench.chain.reorg(3)
    assert bench.run().rewound == 3
    assert bench.risks() == [0, 1]


def test_run__reorg_of_an_objects_last_event__folds_the_earlier_ones_again(bench: Bench) -> None:
    bench.attest(0b01)
    bench.attest(0b11)
    bench.run()
    bench.chain.reorg(1)
    bench.chain.mine(2)
    bench.run()
    with bench.database.read() as session:
        assert session.get_one(LedgerMasks, (0, 5)).lost == 0b01


def test_run__reorg_deeper_than_may_be_rewound__stops(bench: Bench) -> None:
    for risk in range(10):
        bench.register(risk)
    bench.run()
    bench.chain.reorg(6)
    bench.chain.mine(8)
    with pytest.raises(ReorgTooDeep):
        bench.indexer(depth=4).run_once()
    assert len(bench.risks()) == 10


@pytest.mark.parametrize("point", ["indexer.logs_read", "indexer.range_not_committed"])
def test_run__stopped_before_its_commit__leaves_nothing_and_goes_on(
    bench: Bench, point: str
) -> None:
    bench.register(0)
    with pytest.raises(Stopped):
        bench.indexer(point).run_once()
    assert bench.state() == ([], [], [])
    bench.run()
    assert bench.state() == bench.truth()


def test_run__stopped_in_a_rewind__leaves_the_old_chain_whole(bench: Bench) -> None:
    for risk in range(4):
        bench.register(risk)
    bench.run()
    before = bench.state()
    bench.chain.reorg(2)
    bench.register(60)
    with pytest.raises(Stopped):
        bench.indexer("indexer.rewind_not_committed").run_once()
    assert bench.state() == before
    bench.run()
    assert bench.state() == bench.truth()


def test_run__chain_moves_between_two_reads__reads_again(bench: Bench) -> None:
    bench.register(0)
    chain = bench.chain
    real, moved = chain.block, []

    def moving(number: int | None = None) -> Block | None:
        if number == 1 and not moved:
            moved.append(True)
            chain.reorg(1)
            bench.register(7)
        return real(number)

    chain.block = moving  # type: ignore[method-assign]
    bench.run()
    assert bench.risks() == [7]
