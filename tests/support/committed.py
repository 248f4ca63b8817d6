"""Committed batches of the facility's world: records, signed commitments, claims as calls."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

from contracts.client.certificates import Proof
from contracts.client.messages import BordereauHeader
from contracts.client.sum_tree import Commitment, SumRecord

from .facility import COVER_UNIT, FIRST_BATCH, SLOT, ULLA_KEY, World, signed


def record(number: int, units: int = 10, start: int | None = None) -> bytes:
    offset = number if start is None else start
    return SumRecord((0xB000 + number).to_bytes(20, "big"), units, offset, bytes(9)).packed()


def header_of(series: tuple[Any, ...], commitment: Commitment) -> BordereauHeader:
    return BordereauHeader(
        platform=series[1],
        product=series[2],
        risk_index=series[3],
        expiry_bucket=series[5],
        rate=series[4],
        first_serial=0,
        size=commitment.size,
        base=commitment.base,
        exposure=commitment.units * COVER_UNIT,
        premium=commitment.units * series[4],
        leaf_kind=series[6],
        root=commitment.root,
        leaf_file_hash=commitment.leaf_file_hash,
    )


def arguments(
    world: World, series: tuple[Any, ...], commitment: Commitment, key: bytes = ULLA_KEY
) -> tuple[Any, ...]:
    signature = signed(world, header_of(series, commitment), key)
    identity = world.facility.seriesId(series)
    return identity, 0, astuple(commitment), signature, {"from": world.eve}


def commit(world: World, series: tuple[Any, ...], commitment: Commitment) -> tuple[Commitment, Any]:
    receipt = world.book.commit(*arguments(world, series, commitment))
    return replace(commitment, committed_at=receipt.timestamp), receipt


def next_run(chain: Any) -> int:
    return int(chain.time()) // SLOT + 1


def try_claim(world: World, run: int, proof: Proof) -> Any:
    call = world.book.claim.call
    return call(FIRST_BATCH, run, *proof.arguments, {"from": world.desk})
