"""The audit chain: each write once, the tenant's own, and any change of a row shows."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import update

from backend.http.tables import AuditRow
from tests.support.api import OTHER, Bench

WISH = {"name": "Example Ltd", "country": "DE", "industry": "retail", "wallet": OTHER.address}


@pytest.fixture
def written(bench: Bench) -> tuple[str, str]:
    """A platform and its key, after three writes."""
    platform, key = bench.platform()
    for _ in range(3):
        bench.post("/applicants", WISH, key)
    return platform, key


@pytest.mark.parametrize("column", ["target", "actor", "answer_hash", "previous_hash", "hash"])
def test_chain__row_changed__is_broken_there(
    bench: Bench, written: tuple[str, str], column: str
) -> None:
    platform, key = written
    with bench.database.write() as session:
        row = (AuditRow.tenant == platform) & (AuditRow.number == 2)
        session.execute(update(AuditRow).where(row).values({column: "0x" + "ee" * 16}))
    chain = bench.get("/audit-chain", key).json()
    assert (chain["intact"], chain["first_broken"]) == (False, 2)


def test_chain__last_row_removed__is_broken_there(bench: Bench, written: tuple[str, str]) -> None:
    platform, key = written
    with bench.database.write() as session:
        session.query(AuditRow).filter_by(tenant=platform, number=3).delete()
    assert bench.get("/audit-chain", key).json()["first_broken"] == 3


def test_chain__untouched__can_be_recomputed_by_its_owner(
    bench: Bench, written: tuple[str, str]
) -> None:
    _, key = written
    chain = bench.get("/audit-chain", key).json()
    assert (chain["rows"], chain["intact"]) == (3, True)
    rows = bench.get("/audit-rows", key).json()["items"]
    assert [row["action"] for row in rows] == ["applicants.create"] * 3
    for row in rows:
        last = row.pop("hash")
        text = "\n".join(str(value) for value in row.values())
        assert last == "0x" + hashlib.sha256(text.encode()).hexdigest()
    assert last == chain["head"]


def test_rows__another_tenants__are_not_listed(bench: Bench, written: tuple[str, str]) -> None:
    _, other = bench.platform("Other", OTHER.address)
    assert bench.get("/audit-rows", other).json()["items"] == []
