"""Answer bodies of pools and capacity."""

from __future__ import annotations

from typing import Literal

from ..http.schemas import Body, Digits


class TrancheOut(Body):
    """`value` is what the tranche's shares are priced at: capital less its part of the reserve."""

    name: str
    capital: Digits
    value: Digits


class PoolOut(Body):
    """A cell, token units: `locked` is promised to cover, `free` is not; locked <= assets."""

    cell: str
    assets: Digits
    locked: Digits
    free: Digits
    reserved: Digits
    fees: Digits
    utilisation_bps: int
    tranches: list[TrancheOut]


class PoolList(Body):
    items: list[PoolOut]


class CapacityOut(Body):
    """The most that can be insured more now: the smaller of caps' `room` and the cell's `free`."""

    product: int
    risk: int
    dependencies: list[int]
    room: Digits
    free: Digits
    capacity: Digits
    bound_by: Literal["caps", "capital"]
