"""The audit's declarations and decoding."""

from __future__ import annotations

import pytest
from eth_abi import encode

from backend.audit.abi import declare

EVENT = declare(
    "Paid(bytes32 indexed claim, address indexed payee, uint128 amount, uint32[] which)"
)
CALL = declare("post(uint32 frame, (bytes scores, bytes signature)[] vectors)")


def test_declare__struct_array__writes_the_tuple_out() -> None:
    assert CALL.signature == "post(uint32,(bytes,bytes)[])"


def test_decode_log__indexed_and_plain_fields__come_back_by_name() -> None:
    topics = (EVENT.topic, b"\x01" * 32, bytes(12) + b"\xab" * 20)
    data = encode(["uint128", "uint32[]"], [7, [1, 2]])
    assert EVENT.decode_log(topics, data) == {
        "claim": b"\x01" * 32,
        "payee": "0x" + "ab" * 20,
        "amount": 7,
        "which": [1, 2],
    }


def test_decode_call__other_selector__is_refused() -> None:
    with pytest.raises(ValueError, match="not of post"):
        CALL.decode_call(bytes(100))


def test_decode_call__own_encoding__comes_back() -> None:
    data = CALL.encode_call(5, [(b"\x01", b"\x02\x03")])
    assert CALL.decode_call(data) == {
        "frame": 5,
        "vectors": [{"scores": b"\x01", "signature": b"\x02\x03"}],
    }
