"""Trees that a hostile builder made: whatever is proven never exceeds what the root counts."""

from dataclasses import replace

import pytest

from contracts.client.signatures import keccak256
from contracts.client.sum_tree import build, node
from tests.support.committed import commit, next_run, record, try_claim
from tests.support.facility import FIRST_BATCH, UNIT, reserve
from tests.support.reverts import reverts_with


@pytest.fixture(scope="module")
def reserved(world, series):
    return reserve(world, series, 40_000 * UNIT, 100_000)


def test_claim__certificate_larger_than_the_product_allows__is_refused(
    world, series, reserved, chain
):
    tree = build([record(0, units=501), record(1)])
    commitment, _ = commit(world, series, tree.commitment(chain.time()))
    with reverts_with("UnitsTooMany", 501, 500):
        try_claim(world, next_run(chain), tree.prove([0], commitment))


def test_claim__certificate_starting_after_the_last__is_refused(world, series, reserved, chain):
    tree = build([record(0, start=86_400), record(1)])
    commitment, _ = commit(world, series, tree.commitment(chain.time()))
    with reverts_with("StartAfterLast", commitment.base + 86_400, ...):
        try_claim(world, next_run(chain), tree.prove([0], commitment))


def test_claim__tree_declared_smaller_than_it_is__pays_nothing(world, series, reserved, chain):
    tree = build([record(number) for number in range(4)])
    declared = replace(tree.commitment(chain.time()), units=10)
    commitment, _ = commit(world, series, declared)
    for index in range(4):
        with reverts_with("ProofInvalid", FIRST_BATCH):
            try_claim(world, next_run(chain), tree.prove([index], commitment))


def test_claim__root_that_hides_a_child_s_units__proves_at_most_its_sum(
    world, series, reserved, chain
):
    """A builder who counts 10 for a child of 400 can prove the small child only."""
    small, large = record(0), record(1, units=400)
    root = node(1, keccak256(small), 10, keccak256(large), 10)
    tree = build([small, large])
    forged = replace(tree.commitment(chain.time()), root=root, units=20)
    commitment, _ = commit(world, series, forged)
    run = next_run(chain)
    with reverts_with("ProofInvalid", FIRST_BATCH):
        try_claim(world, run, tree.prove([1], commitment))
    honest_looking = replace(
        tree.prove([0], commitment),
        proof=(keccak256(large), (10).to_bytes(8, "big") + bytes(24)),
    )
    assert try_claim(world, run, honest_looking)["amount"] == 10 * UNIT


def test_claim__sums_that_wrap_around__are_refused(world, series, reserved, chain):
    """Children of 10 and 2^64 - 5 would add up to 5 if sums wrapped."""
    first, second = record(0), keccak256(b"no record")
    root = node(1, keccak256(first), 10, second, 2**64 - 5)
    forged = replace(build([first, first]).commitment(chain.time()), root=root, units=5)
    commitment, _ = commit(world, series, forged)
    proof = replace(
        build([first, first]).prove([0], commitment),
        proof=(second, (2**64 - 5).to_bytes(8, "big") + bytes(24)),
    )
    with reverts_with("SumOverflow", 1):
        try_claim(world, next_run(chain), proof)
