import pytest

from tests.support.reverts import reverts_with

MODEL_KIND = 0
HASH = b"\x0a" * 32


@pytest.fixture
def approved(registry, product_admin):
    registry.approve(HASH, MODEL_KIND, "", {"from": product_admin})


def test_retire__caller_without_role__is_refused(registry, approved, accounts, chain):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        registry.retire(HASH, chain.time() + 100, {"from": accounts[5]})


def test_retire__unknown_hash__is_refused(registry, product_admin, chain):
    with reverts_with("UnknownHash", HASH):
        registry.retire(HASH, chain.time() + 100, {"from": product_admin})


def test_retire__time_in_the_past__is_refused(registry, approved, product_admin, chain):
    with reverts_with("RetirementInPast", chain.time() - 100, ...):
        registry.retire(HASH, chain.time() - 100, {"from": product_admin})


def test_retire__postponed__is_refused(registry, approved, product_admin, chain):
    time = chain.time() + 100
    registry.retire(HASH, time, {"from": product_admin})
    with reverts_with("HashIsRetired", HASH, time):
        registry.retire(HASH, time + 1, {"from": product_admin})


def test_retire__brought_forward__acts_earlier(registry, approved, product_admin, chain):
    time = chain.time() + 100
    registry.retire(HASH, time, {"from": product_admin})
    transaction = registry.retire(HASH, time - 50, {"from": product_admin})
    assert dict(transaction.events["HashRetired"]) == {"hash": "0x" + HASH.hex(), "from": time - 50}
    assert registry.retiredFrom(HASH) == time - 50


def test_retired_from__unknown_hash__is_refused(registry):
    with reverts_with("UnknownHash", HASH):
        registry.retiredFrom(HASH)


def test_require_usable__from_the_retirement_on__is_refused(
    registry, approved, product_admin, chain
):
    time = chain.time() + 100
    registry.retire(HASH, time, {"from": product_admin})
    assert registry.requireUsable(HASH, MODEL_KIND, time - 1) == 1
    with reverts_with("HashIsRetired", HASH, time):
        registry.requireUsable(HASH, MODEL_KIND, time)
