"""Certificates that the backend commits by their root, and pays to each holder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.audit.run import Request, audit
from contracts.client.signatures import keccak256
from tests.support.insurer import COIN, Backend, Insurer

COUNT = 60
FIRST_BATCH = 1 << 32


@pytest.fixture
def backend(insurer: Insurer) -> Iterator[Backend]:
    made = Backend(insurer, commit_from=50)
    yield made
    made.close()


def holder(number: int) -> str:
    return f"0x{0xB000 + number:040x}"


@pytest.fixture
def committed(backend: Backend) -> str:
    """Sixty certificates of ten dollars on their way as one commitment."""
    platform, risk = backend.onboard()
    series = backend.series(platform, risk, pays="holders")
    transactions = [
        {
            "holder": holder(number),
            "transaction_hash": "0x" + keccak256(f"order {number}".encode()).hex(),
            "sum_insured": str(10 * COIN),
        }
        for number in range(COUNT)
    ]
    backend.post("/transactions:coverBatch", {"series": series, "transactions": transactions})
    backend.run("post")
    backend.settle_chain()
    return series


def test_post_job__enough_wait__commits_them_and_keeps_their_leaves(
    backend: Backend, insurer: Insurer, committed: str
) -> None:
    batch = backend.get(f"/bordereaux/{FIRST_BATCH}")
    assert (batch["size"], int(batch["exposure"])) == (COUNT, COUNT * 10 * COIN)
    (leaves,) = backend.settings.leaf_dir.iterdir()
    assert batch["leaf_file_hash"] == "0x" + keccak256(leaves.read_bytes()).hex()
    proof = backend.get(f"/certificates/{committed}/7/proof")
    assert proof["root"] == batch["root"]


def test_certificate__payee_is_another_in_a_series_that_pays_holders__is_refused(
    backend: Backend, committed: str
) -> None:
    wish = {
        "series": committed,
        "holder": holder(1),
        "payee": holder(2),
        "transaction_hash": "0x" + "12" * 32,
        "sum_insured": str(10 * COIN),
    }
    with pytest.raises(AssertionError, match="payee_is_not_holder"):
        backend.post("/transactions:cover", wish)


def test_settlement__attack__pays_each_holder_and_the_audit_agrees(
    backend: Backend, insurer: Insurer, committed: str
) -> None:
    insurer.attack(60)
    insurer.close_slots()
    backend.run("index", "settle")
    backend.settle_chain()
    paid = [insurer.system.read("StableCoin", "balanceOf", holder(n)) for n in range(COUNT)]
    assert paid == [10 * COIN] * COUNT
    request = Request(
        url=insurer.chain.url,
        addresses=dict(insurer.deployment.contracts),
        database=backend.settings.database_url,
        leaves=backend.settings.leaf_dir,
    )
    found = audit(request)
    assert [str(finding) for finding in found.result.findings] == []
    assert found.differences == 0
    without = audit(Request(url=request.url, addresses=request.addresses))
    assert any("leaf file" in str(finding) for finding in without.result.findings)


def test_expiry__claim_window_over__releases_a_commitment(
    backend: Backend, insurer: Insurer, committed: str
) -> None:
    locked = insurer.system.read("Cell", "locked")
    insurer.chain.pass_time(2 * 86_400)
    backend.run("index", "expire")
    backend.settle_chain()
    assert backend.get(f"/bordereaux/{FIRST_BATCH}")["expired"] is True
    assert locked - insurer.system.read("Cell", "locked") == COUNT * 10 * COIN
    addresses, database = dict(insurer.deployment.contracts), backend.settings.database_url
    leaves = backend.settings.leaf_dir
    request = Request(insurer.chain.url, addresses, database=database, leaves=leaves)
    found = audit(request)
    assert ([str(finding) for finding in found.result.findings], found.differences) == ([], 0)
