"""Answer bodies of product templates."""

from __future__ import annotations

from typing import Literal

from ..domain.templates import Line, Template
from ..http.schemas import Body


class LineOut(Body):
    """A cover line. `offered` with its open products, `no_product` for lack of one, or
    `needs_adjuster`: not offered, because a human adjuster would have to decide (`reason`)."""

    name: str
    status: Literal["offered", "no_product", "needs_adjuster"]
    peril: str | None
    trigger: str | None
    payout: str | None
    reason: str | None
    products: list[int]

    @classmethod
    def of(cls, line: Line, products: list[int]) -> LineOut:
        if line.peril is None:
            reason = f"not offered: needs a human adjuster; {line.reason}"
            return cls(
                name=line.name, status="needs_adjuster", peril=None, trigger=None, payout=None,
                reason=reason, products=[],
            )  # fmt: skip
        return cls(
            name=line.name,
            status="offered" if products else "no_product",
            peril=line.peril.name.lower(),
            trigger=line.trigger,
            payout=line.payout,
            reason=None if products else "no open product covers this peril here",
            products=products,
        )


class TemplateOut(Body):
    name: str
    audience: str
    lines: list[LineOut]

    @classmethod
    def of(cls, template: Template, products: dict[int, list[int]]) -> TemplateOut:
        """:param products: open products by peril"""
        lines = [
            LineOut.of(line, [] if line.peril is None else products.get(line.peril, []))
            for line in template.lines
        ]
        return cls(name=template.name, audience=template.audience, lines=lines)


class TemplateList(Body):
    items: list[TemplateOut]
