from tests.support.reverts import reverts_with

NAME = b"\x07" * 32


def test_register_dependency__caller_without_role__is_refused(register, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        register.registerDependency(NAME, {"from": accounts[5]})


def test_register_dependency__name_known__is_refused(register, underwriter):
    register.registerDependency(NAME, {"from": underwriter})
    with reverts_with("DependencyKnown", NAME):
        register.registerDependency(NAME, {"from": underwriter})


def test_register_dependency__first__has_index_one(register, underwriter):
    transaction = register.registerDependency(NAME, {"from": underwriter})
    assert register.dependencyCount() == 1
    assert dict(transaction.events["DependencyRegistered"]) == {
        "dependency": 1,
        "nameHash": "0x" + NAME.hex(),
    }


def test_require_dependencies__one_never_given__is_refused(register, underwriter):
    register.registerDependency(NAME, {"from": underwriter})
    with reverts_with("UnknownDependency", 2):
        register.requireDependencies(1 | 2 << 64)


def test_require_dependencies__all_given__passes(register, underwriter):
    register.registerDependency(NAME, {"from": underwriter})
    register.requireDependencies(1 << 96)
    register.requireDependencies(0)
