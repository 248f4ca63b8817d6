"""Answer body of products."""

from __future__ import annotations

from ..domain.products import LANES, Product
from ..http.schemas import Body, Digits


class ProductOut(Body):
    """Terms of a product, durations in seconds; `rates` has each lane of 625 score points."""

    product: int
    peril: str
    form: str
    open: bool
    cell: str
    waiting_period: int
    coverage_lag: int
    merge_gap: int
    hold_window: int
    challenge_window: int
    review_window: int
    claim_window: int
    notice_period: int
    term: int
    increase_delay: int
    unit: Digits
    max_sum_insured: Digits
    instant_limit: Digits
    unreviewed_limit: Digits
    terms_hash: str
    rates: list[Digits]

    @classmethod
    def of(cls, product: Product) -> ProductOut:
        same = {
            name: getattr(product, name)
            for name in cls.model_fields
            if name not in ("product", "peril", "form", "open", "rates")
        }
        return cls(
            product=product.number,
            peril=product.peril.name.lower(),
            form=product.form.name.lower(),
            open=product.is_open,
            rates=[product.table.lanes[lane] * product.table.unit for lane in range(LANES)],
            **same,
        )
