"""Cuts lists into pieces that fit one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Consecutive pieces of at most `size` items."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
