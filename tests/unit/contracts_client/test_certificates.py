import pytest

from contracts.client.certificates import (
    LEAF_BYTES,
    VOID,
    BadIndices,
    BadRecord,
    BatchTerms,
    PostedBatch,
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


def test_posted_batch__header_and_seal__hold_every_field_at_its_place() -> None:
    tree = PostedTree(pack([*batch(5), None]))
    terms = BatchTerms(2, 7, 10**6, 100, "0x" + "ab" * 20)
    posted = PostedBatch(tree, 1_000, 1_060, terms)
    assert tree.latest == max(record.start_offset for record in batch(5))
    common = (
        (2).to_bytes(2, "big") + (7).to_bytes(4, "big") + (1_100 + tree.latest).to_bytes(5, "big")
        + (10**6).to_bytes(6, "big") + b"\xab" * 20
    )  # fmt: skip
    own = (1_000).to_bytes(4, "big") + (1_060).to_bytes(4, "big")
    own += tree.latest.to_bytes(2, "big") + (6).to_bytes(3, "big")
    assert posted.header == own + common
    assert posted.seal == keccak256(tree.root + own)[:22] + common
    assert posted.expiring(9) == bytes(7) + b"\x09" + posted.seal
    assert posted.digest == keccak256(posted.seal)[-22:]


def test_posted_batch__proof__is_the_tree_s_behind_the_header() -> None:
    tree = PostedTree(pack(batch(9)))
    posted = PostedBatch(tree, 1_000, 1_060, BatchTerms(2, 7, 10**6, 100, "0x" + "ab" * 20))
    proof, plain = posted.prove([1, 8]), tree.prove([1, 8])
    assert (proof.indices, proof.proof) == (plain.indices, plain.proof)
    assert proof.leaves == posted.header + plain.leaves
