"""Isolation of brownie tests: each test starts from the chain as its module's fixtures left it."""

import pytest


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    return fn_isolation
