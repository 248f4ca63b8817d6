from tests.support.reverts import reverts_with

MODEL_KIND, TERMS_KIND = 0, 1
HASH = b"\x0a" * 32
OTHER = b"\x0b" * 32


def test_approve__caller_without_role__is_refused(registry, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        registry.approve(HASH, MODEL_KIND, "", {"from": accounts[5]})


def test_approve__approved_before__is_refused(registry, product_admin):
    registry.approve(HASH, MODEL_KIND, "", {"from": product_admin})
    with reverts_with("AlreadyApproved", HASH):
        registry.approve(HASH, TERMS_KIND, "", {"from": product_admin})


def test_approve__new_hashes__are_numbered_from_one(registry, product_admin):
    first = registry.approve(HASH, MODEL_KIND, "ipfs://model", {"from": product_admin})
    registry.approve(OTHER, TERMS_KIND, "", {"from": product_admin})
    assert dict(first.events["HashApproved"]) == {
        "hash": "0x" + HASH.hex(),
        "kind": MODEL_KIND,
        "uri": "ipfs://model",
    }
    assert registry.requireUsable(HASH, MODEL_KIND, 0) == 1
    assert registry.requireUsable(OTHER, TERMS_KIND, 0) == 2
    assert registry.hashOf(1) == "0x" + HASH.hex()
    assert registry.hashOf(2) == "0x" + OTHER.hex()
    assert registry.hashOf(3) == "0x" + "00" * 32


def test_require_usable__unknown_hash__is_refused(registry):
    with reverts_with("UnknownHash", HASH):
        registry.requireUsable(HASH, MODEL_KIND, 0)


def test_require_usable__other_kind__is_refused(registry, product_admin):
    registry.approve(HASH, TERMS_KIND, "", {"from": product_admin})
    with reverts_with("UnknownHash", HASH):
        registry.requireUsable(HASH, MODEL_KIND, 0)
