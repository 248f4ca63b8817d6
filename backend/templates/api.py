"""Endpoints of product templates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select

from ..domain.templates import TEMPLATES
from ..http.context import Reader, Services, ServicesDep
from ..http.problems import Problem, declared
from ..ledger.tables import LedgerProduct
from ..market import product_of
from .schemas import TemplateList, TemplateOut

router = APIRouter(prefix="/product-templates", tags=["products"])


def open_products(at: Services) -> dict[int, list[int]]:
    """Numbers of the open products by peril."""
    found: dict[int, list[int]] = {}
    with at.database.read() as session:
        for row in session.scalars(select(LedgerProduct).order_by(LedgerProduct.product)):
            product = product_of(row)
            if product.is_open:
                found.setdefault(product.peril, []).append(product.number)
    return found


@router.get("", responses=declared())
def list_product_templates(at: ServicesDep, _: Reader) -> TemplateList:
    """Every template, each cover line with its products or the reason why it is not offered."""
    products = open_products(at)
    return TemplateList(items=[TemplateOut.of(template, products) for template in TEMPLATES])


@router.get("/{template}", responses=declared("not-found"))
def get_product_template(
    template: Annotated[str, Path(max_length=60)], at: ServicesDep, _: Reader
) -> TemplateOut:
    """One template."""
    for known in TEMPLATES:
        if known.name == template:
            return TemplateOut.of(known, open_products(at))
    raise Problem("not-found", f"no template {template}")
