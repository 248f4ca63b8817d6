"""Product templates: no line is silent about whether it pays."""

from __future__ import annotations

from tests.support.api import Bench


def test_template__no_product_of_the_peril__says_so(bench: Bench) -> None:
    _, key = bench.platform()
    lines = bench.get("/product-templates/small_business", key).json()["lines"]
    assert {line["status"] for line in lines} == {"no_product", "needs_adjuster"}
    assert all(line["reason"] for line in lines)


def test_template__open_product__is_named_with_trigger_and_payout(bench: Bench) -> None:
    bench.product(1)
    _, key = bench.platform()
    lines = bench.get("/product-templates/comprehensive", key).json()["lines"]
    offered = {line["name"]: line for line in lines if line["status"] == "offered"}
    assert offered.keys() == {"ddos_defence_cost", "transaction_protection"}
    assert all(line["products"] == [1] and line["trigger"] for line in offered.values())


def test_template__line_for_an_adjuster__is_not_offered_with_its_reason(bench: Bench) -> None:
    _, key = bench.platform()
    lines = bench.get("/product-templates/comprehensive", key).json()["lines"]
    human = [line for line in lines if line["status"] == "needs_adjuster"]
    assert {line["name"] for line in human} >= {"extortion", "liability", "breach_notification"}
    assert all(line["reason"].startswith("not offered: needs a human adjuster") for line in human)
