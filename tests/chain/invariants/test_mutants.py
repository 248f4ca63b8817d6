"""The mutation check by itself, on its smallest library; `make mutants` does all of them."""

from __future__ import annotations

from scripts.mutants import check
from tests.support.local_chain import local_chain


def test_mutants__of_the_premium__each_change_an_answer() -> None:
    with local_chain() as chain:
        tried, survivors = check(chain.web3, "PremiumMath")
    assert tried > 5
    assert survivors == []
