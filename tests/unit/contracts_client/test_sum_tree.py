"""Sum trees of committed bordereaux: records, totals, proofs, and what the audit makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.audit.rules import committed_root
from contracts.client.certificates import BadIndices, BadRecord
from contracts.client.signatures import keccak256
from contracts.client.sum_tree import SumRecord, build, node, opening, void
from scripts import sum_tree as command

HOLDER = bytes.fromhex("aa" * 20)
SALT = b"salt salt"


def records(count: int) -> list[bytes]:
    return [SumRecord(HOLDER, n % 9 + 1, n, n.to_bytes(9, "big")).packed() for n in range(count)]


@pytest.mark.parametrize(
    "record",
    [
        SumRecord(bytes(20), 1, 0, SALT),
        SumRecord(HOLDER[1:], 1, 0, SALT),
        SumRecord(HOLDER, 0, 0, SALT),
        SumRecord(HOLDER, 2**16, 0, SALT),
        SumRecord(HOLDER, 1, 2**24, SALT),
        SumRecord(HOLDER, 1, -1, SALT),
        SumRecord(HOLDER, 1, 0, SALT[1:]),
    ],
)
def test_packed__field_that_does_not_fit__is_refused(record: SumRecord) -> None:
    with pytest.raises(BadRecord):
        record.packed()


@pytest.mark.parametrize("leaves", [[], [bytes(33)], [*records(2), b""]])
def test_build__no_whole_records__is_refused(leaves: list[bytes]) -> None:
    with pytest.raises(BadRecord):
        build(leaves)


@pytest.mark.parametrize("indices", [[], [2, 1], [1, 1], [-1], [5]])
def test_prove__bad_places__are_refused(indices: list[int]) -> None:
    tree = build(records(5))
    with pytest.raises(BadIndices):
        tree.prove(indices, tree.commitment(0))


def test_build__three_records__binds_hash_and_units_of_both_children() -> None:
    first, second, third = records(3)
    left = node(1, keccak256(first), 1, keccak256(second), 2)
    right = node(1, keccak256(third), 3, bytes(32), 0)
    tree = build([first, second, third])
    assert (tree.root, tree.units) == (node(2, left, 3, right, 3), 6)


def test_build__void_serials__count_nothing() -> None:
    sold = records(4)
    assert build([sold[0], void(SALT), sold[2]]).units == 1 + 3


@pytest.mark.parametrize("count", [1, 2, 3, 17, 256])
def test_build__any_size__is_the_root_that_the_audit_computes(count: int) -> None:
    leaves = records(count)
    assert build(leaves).root == committed_root(b"".join(leaves))


def test_build__a_hundred_thousand__tells_its_progress_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    tree = build(records(100_000), lambda done, total: told.append((done, total)))
    assert tree.size == 100_000
    assert told == sorted(told) and len(told) > 40
    assert told[-1] == (200_000, 200_000)
    proof = tree.prove([7, 99_999], tree.commitment(0))
    assert len(proof.leaves) == 86 + 2 * 34


def test_opening__of_a_commitment__hides_the_transaction() -> None:
    opened = opening(HOLDER, HOLDER, b"\1" * 32, SALT)
    assert len(opened) == 72 and b"\1" * 32 not in opened


def test_command__leaf_file__prints_root_and_proof(tmp_path: Path, capsys) -> None:
    leaves = b"".join(records(5))
    path = tmp_path / "x.leaves"
    path.write_bytes(leaves)
    assert command.main([str(path), "--base", "9", "--prove", "1,3"]) == 0
    told = json.loads(capsys.readouterr().out)
    tree = build(records(5))
    assert told["root"] == "0x" + tree.root.hex()
    assert told["leaf_file_hash"] == "0x" + keccak256(leaves).hex()
    expected = tree.prove([1, 3], tree.commitment(9))
    assert told["proof"] == ["0x" + word.hex() for word in expected.proof]


@pytest.mark.parametrize("content", [b"", bytes(35)])
def test_command__no_leaf_file__says_so_in_one_line(tmp_path: Path, capsys, content) -> None:
    path = tmp_path / "x.leaves"
    path.write_bytes(content)
    assert command.main([str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
