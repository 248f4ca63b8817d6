"""Endpoints of products."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from ..http.context import Reader, ServicesDep
from ..http.paging import Cursor, Limit, page
from ..http.problems import Problem, declared
from ..http.schemas import Page
from ..ledger.tables import LedgerProduct
from ..market import product_of
from .schemas import ProductOut

router = APIRouter(prefix="/products", tags=["products"])


@router.get("", responses=declared("invalid-cursor"))
def list_products(
    at: ServicesDep, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[ProductOut]:
    """All products, open and closed."""
    with at.database.read() as session:
        rows, following = page(
            session, select(LedgerProduct), [LedgerProduct.product], cursor, limit
        )
    return Page(items=[ProductOut.of(product_of(row)) for row in rows], next_cursor=following)


@router.get("/{product}", responses=declared("not-found"))
def get_product(product: int, at: ServicesDep, who: Reader) -> ProductOut:
    """One product."""
    with at.database.read() as session:
        row = session.get(LedgerProduct, product) if 0 < product <= 0xFFFF else None
    if row is None:
        raise Problem("not-found", f"no product {product}")
    return ProductOut.of(product_of(row))
