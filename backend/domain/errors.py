"""Broken rules of the domain, each with the values that broke it."""

from __future__ import annotations


class DomainError(Exception):
    """Base of all broken rules; `fields` are its values."""

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.fields = fields


class Missing(DomainError):
    """Nothing has this number or name."""


class IllegalMove(DomainError):
    """A life-cycle step that does not follow from the stage before."""

    def __init__(self, stage: str, step: str) -> None:
        super().__init__(f"{step} does not follow {stage}", stage=stage, step=step)


class TableInvalid(DomainError):
    """A rate table without 16 lanes, with a zero first lane, or that falls somewhere."""

    def __init__(self, lanes: tuple[int, ...]) -> None:
        super().__init__("a rate table has 16 non-decreasing lanes above 0", lanes=lanes)
