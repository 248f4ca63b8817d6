"""Products for tests of the backend."""

from __future__ import annotations

from dataclasses import replace

from backend.domain.products import Form, Peril, Product, RateTable
from backend.domain.units import ONE, YEAR, ProductId, Seconds, TokenUnits

TABLE = RateTable(tuple(range(10, 26)), ONE // 1_000)


def product(**changes: object) -> Product:
    made = Product(
        number=ProductId(1),
        peril=Peril.SERVICE_ATTACK,
        form=Form.POLICY,
        cell="0x" + "11" * 20,
        waiting_period=Seconds(60),
        coverage_lag=Seconds(60),
        merge_gap=Seconds(30),
        hold_window=Seconds(10),
        challenge_window=Seconds(10),
        review_window=Seconds(60),
        claim_window=Seconds(600),
        notice_period=Seconds(3_600),
        term=Seconds(YEAR),
        increase_delay=Seconds(60),
        unit=TokenUnits(1_000_000),
        max_sum_insured=TokenUnits(10**12),
        instant_limit=TokenUnits(10**9),
        unreviewed_limit=TokenUnits(10**10),
        terms_hash="0x" + "22" * 32,
        table=TABLE,
        is_open=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
