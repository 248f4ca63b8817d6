"""A chain that reorganises and a node that fails: afterwards one effect on chain, nothing lost.

The small profile takes the shallowest and the deepest reorg and one fault of each kind;
FLOWCOVER_FULL=1 (`make crash`) takes all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eth_account import Account
from web3.exceptions import Web3RPCError

from contracts.client.development import person
from contracts.client.errors import ChainError
from tests.support import faulty_node as faults
from tests.support.consistency import events_on_chain, fresh_ledger, ledger_rows, orphans
from tests.support.engines import engine_name
from tests.support.faulty_node import FaultyNode, faulty_node
from tests.support.insurer import COIN, Backend, Insurer

FULL = os.environ.get("FLOWCOVER_FULL") == "1"
DEPTHS = range(1, 13) if FULL else (1, 12)
DOWN_SECONDS = 120
DEPOSIT = 1_234 * COIN
Rows = list[tuple[str, str, str]]


@pytest.fixture
def node(insurer: Insurer) -> Iterator[FaultyNode]:
    with faulty_node(insurer.chain.url) as made:
        yield made


@pytest.fixture
def behind(insurer: Insurer, node: FaultyNode) -> Iterator[Backend]:
    """A backend behind the faulty node, with a platform whose approval is final."""
    made = Backend(insurer, rpc_url=node.url, rpc_timeout=1.0, finality_depth=13, bump_seconds=60)
    made.onboard()
    made.post("/facility/deposits", {"amount": str(1 * COIN)})
    finish(made)
    yield made
    made.close()


def finish(backend: Backend) -> None:
    """Until everything that is queued is final and indexed."""
    for _ in range(5):
        backend.settle_chain(2)
        for _ in range(14):
            backend.insurer.chain.pass_time(1)
        backend.settle_chain(1)
        if not orphans(backend):
            return
        backend.services.clock = later(backend.services.clock, 11)


def later(clock: Callable[[], float], seconds: float) -> Callable[[], float]:
    return lambda: clock() + seconds


def require_one_deposit(backend: Backend, folder: Path) -> None:
    deposited = events_on_chain(backend, "Facility", "FloatDeposited")
    assert [values["amount"] for values in deposited].count(DEPOSIT) == 1
    assert orphans(backend) == []
    assert ledger_rows(backend.services.database) == fresh_ledger(backend, folder)


def try_jobs(backend: Backend) -> int:
    """One pass of every job; how many ended with the node's fault, which is all they may do."""
    failed = 0
    for job in backend.jobs.all():
        try:
            job.run()
        except ChainError:
            failed += 1
    return failed


def rival(backend: Backend, nonce: int, fee: int = 500 * 10**9) -> None:
    """A stranger with the platform's key uses a nonce that the outbox has given out."""
    chain = backend.insurer.chain
    signed = Account.sign_transaction(
        {
            "type": 2, "chainId": 1337, "nonce": nonce, "to": person("stranger").address,
            "value": 1, "gas": 21_000, "maxFeePerGas": fee, "maxPriorityFeePerGas": fee,
            "data": b"",
        },
        person("platform").key,
    )  # fmt: skip
    chain.web3.eth.send_raw_transaction(signed.raw_transaction)


def next_nonce(backend: Backend) -> int:
    return int(backend.insurer.chain.web3.eth.get_transaction_count(person("platform").address))


@pytest.mark.parametrize("depth", DEPTHS)
def test_reorg__blocks_replaced_by_others__has_one_effect_and_the_new_ledger(
    behind: Backend, tmp_path: Path, depth: int, crash_table: Rows
) -> None:
    chain = behind.insurer.chain
    snapshot = chain.rpc("evm_snapshot")
    height = chain.web3.eth.block_number
    behind.post("/facility/deposits", {"amount": str(DEPOSIT)})
    behind.run("outbox")
    while chain.web3.eth.block_number < height + depth:
        chain.pass_time(1)
    behind.run("index", "outbox")
    before = ledger_rows(behind.services.database)
    chain.rpc("evm_revert", snapshot)
    behind.insurer.send("stranger", "StableCoin", "mint", person("stranger").address, COIN)
    while chain.web3.eth.block_number < height + depth + 1:
        chain.pass_time(2)
    behind.run("index")
    assert ledger_rows(behind.services.database) != before
    finish(behind)
    require_one_deposit(behind, tmp_path)
    crash_table.append((f"reorg of depth {depth:>2}", engine_name(), "one effect, new ledger"))


FAULTS = {
    "node down": faults.down,
    "node answers garbage": faults.garbage,
    "node answers misshapen": faults.misshapen,
    "node too slow": faults.slow,
    "answer to send lost": faults.answer_to_send_lost,
    "transaction lost": faults.transaction_lost,
    "receipt lost": faults.receipt_lost,
}
SMALL = ("node down", "answer to send lost", "receipt lost")


@pytest.mark.parametrize("name", FAULTS if FULL else SMALL)
def test_node__fails_while_work_waits__goes_on_afterwards(
    behind: Backend, node: FaultyNode, tmp_path: Path, name: str, crash_table: Rows
) -> None:
    behind.post("/facility/deposits", {"amount": str(DEPOSIT)})
    node.fault = FAULTS[name]
    asked, failed, started = len(node.asked), 0, behind.services.clock
    for second in range(DOWN_SECONDS if name == "node down" else 2):
        behind.services.clock = later(started, second)
        failed += try_jobs(behind)
        behind.insurer.chain.pass_time(1)
    assert len(node.asked) > asked
    node.fault = faults.passing
    finish(behind)
    require_one_deposit(behind, tmp_path)
    crash_table.append((name, engine_name(), f"{failed} passes refused, then one effect"))


def test_node__down__is_a_503_that_can_be_repeated(behind: Backend, node: FaultyNode) -> None:
    headers = {"Authorization": f"Bearer {behind.key}"}
    node.fault = faults.down
    behind.services.clock = later(behind.services.clock, 1)
    refused = behind.client.get("/v1/facility", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/node-unavailable")
    assert behind.client.get("/ready").status_code == 503
    assert behind.client.get("/health").status_code == 200
    node.fault = faults.passing
    assert behind.client.get("/v1/facility", headers=headers).status_code == 200


def test_nonce__taken_while_ours_did_not_arrive__is_sent_on_another(
    behind: Backend, node: FaultyNode, tmp_path: Path, crash_table: Rows
) -> None:
    behind.post("/facility/deposits", {"amount": str(DEPOSIT)})
    node.fault = faults.transaction_lost
    behind.run("outbox")
    node.fault = faults.passing
    rival(behind, next_nonce(behind))
    finish(behind)
    require_one_deposit(behind, tmp_path)
    crash_table.append(("nonce taken by another sender", engine_name(), "one effect"))


def test_replacement__cheaper_than_a_strangers__waits_and_is_sent_on_another_nonce(
    behind: Backend, tmp_path: Path, crash_table: Rows
) -> None:
    chain = behind.insurer.chain
    behind.post("/facility/deposits", {"amount": str(DEPOSIT)})
    chain.rpc("miner_stop")
    behind.run("outbox")
    nonce = next_nonce(behind)
    rival(behind, nonce)
    behind.services.clock = later(behind.services.clock, 61)
    behind.run("outbox")
    with pytest.raises(Web3RPCError, match="underpriced"):
        rival(behind, nonce, 501 * 10**9)
    chain.rpc("miner_start")
    chain.pass_time(1)
    finish(behind)
    require_one_deposit(behind, tmp_path)
    crash_table.append(("underpriced replacement", engine_name(), "one effect"))
