"""Field types of requests and answers: money, rates and hashes as text, checked once."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Generic, TypeVar

from eth_utils.address import is_address, to_checksum_address
from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

MOST = 2**128 - 1


class Body(BaseModel):
    """A request or answer body; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _number(text: str) -> str:
    if int(text) > MOST:
        raise ValueError("at most 2^128 - 1")
    return text


@lru_cache(maxsize=4096)
def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("an address: 0x and 40 hex digits, checksummed or of one case")
    return to_checksum_address(text)


Amount = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,38})$", examples=["1000000"]), AfterValidator(_number)
]
"""Token units or a rate in a request."""

RiskNumber = Annotated[int, Path(ge=0, le=0xFFFFFFFF)]
"""A risk's number in an address."""

Digits = Annotated[
    int,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+$"}, mode="serialization"),
]
"""Token units or a rate in an answer: an integer that is written as text."""

AddressText = Annotated[
    str,
    Field(examples=["0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1"], min_length=42, max_length=42),
    AfterValidator(_address),
]
HashText = Annotated[
    str, Field(pattern=r"^0x[0-9a-f]{64}$", examples=["0x" + "ab" * 32], min_length=66)
]
SignatureText = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2}){65,512}$")]

T = TypeVar("T")


class Page(Body, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None
