def test_size_at__without_any_version__is_of_version_0(contract, fn_isolation):
    assert contract.sizeAt(1) == (0, 0, 0)


def test_size_at__before_the_first_version__is_that_versions(contract, first):
    assert contract.sizeAt(1) == (1, 4, 1)


def test_size_at__rotation__changes_at_its_second(contract, first, second):
    assert contract.sizeAt(second.since - 1) == (1, 4, 1)
    assert contract.sizeAt(second.since) == (2, 7, 2)
    assert contract.termOf(2) == (second.since, 2**40 - 1, 0)
