"""The units of the domain: a number is never without one."""

from __future__ import annotations

from typing import NewType

TokenUnits = NewType("TokenUnits", int)
"""Smallest pieces of the stable coin."""

Rate = NewType("Rate", int)
"""Premium per year of sum insured, 1e18 fixed point."""

Score = NewType("Score", int)
"""0..10,000, higher is riskier."""

BasisPoints = NewType("BasisPoints", int)
ProductId = NewType("ProductId", int)
RiskIndex = NewType("RiskIndex", int)

ChainTime = NewType("ChainTime", int)
"""Unix second of a block."""

Seconds = NewType("Seconds", int)

ONE = 10**18
YEAR = Seconds(31_536_000)
TOP_SCORE = Score(10_000)
BASIS = 10_000


def ceil_div(numerator: int, denominator: int) -> int:
    """The quotient, rounded up; both arguments are not negative."""
    return -(-numerator // denominator)
