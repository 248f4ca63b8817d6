import pytest

from contracts.client.certificates import (
    LEAF_BYTES,
    VOID,
    BadIndices,
    BadRecord,
    PostedTree,
    Record,
    pack,
)
from contracts.client.signatures import keccak256

HOLDER = bytes(range(1, 21))


def batch(count: int) -> list[Record | None]:
    return [Record(HOLDER, 1 + number % 300, number) for number in range(count)]


@pytest.mark.parametrize(
    "record",
    [
        Record(HOLDER[:19], 1, 0),
        Record(bytes(20), 1, 0),
        Record(HOLDER, 0, 0),
        Record(HOLDER, 65_536, 0),
        Record(HOLDER, 1, -1),
        Record(HOLDER, 1, 65_536),
    ],
)
def test_packed__field_that_does_not_fit__is_refused(record: Record) -> None:
    with pytest.raises(BadRecord):
        record.packed()


@pytest.mark.parametrize("length", [0, 23, 25])
def test_posted_tree__bytes_that_are_no_records__are_refused(length: int) -> None:
    with pytest.raises(BadRecord):
        PostedTree(bytes(length))


@pytest.mark.parametrize("indices", [[], [1, 1], [2, 1], [-1], [9]])
def test_prove__indices_out_of_order_or_range__are_refused(indices: list[int]) -> None:
    with pytest.raises(BadIndices):
        PostedTree(pack(batch(9))).prove(indices)


def test_prove__void_record__is_refused() -> None:
    with pytest.raises(BadIndices):
        PostedTree(pack([*batch(3), None])).prove([3])


def test_record__packed_and_unpacked__is_the_same() -> None:
    record = Record(HOLDER, 513, 65_535)
    assert record.packed() == HOLDER + b"\x02\x01\xff\xff"
    assert Record.unpack(record.packed()) == record
    assert Record.unpack(VOID) is None


def test_units__batch__are_added_up() -> None:
    records = batch(700)
    assert PostedTree(pack(records)).units == sum(r.units for r in records if r)


def test_root__nine_records__follows_the_definition() -> None:
    packed = pack(batch(9))
    leaves = [
        keccak256(packed[:96]),
        keccak256(packed[96:192]),
        keccak256(packed[192:] + bytes(72)),
    ]
    left = keccak256(leaves[0] + leaves[1])
    right = keccak256(leaves[2] + bytes(32))
    assert PostedTree(packed).root == keccak256(left + right)


@pytest.mark.parametrize("count", [1, 4, 5, 31, 129])
def test_prove__any_single_record__leads_to_the_root(count: int) -> None:
    tree = PostedTree(pack(batch(count)))
    for index in range(count):
        proof = tree.prove([index])
        assert len(proof.leaves) == LEAF_BYTES
        node, words = keccak256(proof.leaves), list(proof.proof)
        position, width = index // 4, (count + 3) // 4
        while width > 1:
            if position % 2:
                node = keccak256(words.pop(0) + node)
            else:
                right = words.pop(0) if position + 1 < width else bytes(32)
                node = keccak256(node + right)
            position, width = position // 2, (width + 1) // 2
        assert (node, words) == (tree.root, [])
