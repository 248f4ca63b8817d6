"""Logs become plain values; what is not ours is left alone."""

from __future__ import annotations

from typing import cast

from eth_abi.abi import encode
from hexbytes import HexBytes
from web3.types import LogReceipt

from contracts.client.events import EventDecoder, values_of
from contracts.client.signatures import keccak256

COIN = "0x00000000000000000000000000000000000000c0"
ALICE = "0x00000000000000000000000000000000000000A1"
BOB = "0x00000000000000000000000000000000000000B0"


def log(address: str, topics: list[bytes], data: bytes) -> LogReceipt:
    return cast(
        LogReceipt,
        {
            "address": address,
            "topics": [HexBytes(t) for t in topics],
            "data": HexBytes(data),
            "blockNumber": 7,
            "blockHash": HexBytes(b"\x01" * 32),
            "transactionHash": HexBytes(b"\x02" * 32),
            "logIndex": 3,
        },
    )


def word(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


TRANSFER = keccak256(b"Transfer(address,address,uint256)")


def test_decode__log_of_another_contract__is_none() -> None:
    decoder = EventDecoder({"StableCoin": COIN})
    other = log(BOB, [TRANSFER, word(ALICE), word(BOB)], encode(["uint256"], [5]))
    assert decoder.decode(other) is None


def test_decode__undeclared_event__is_none() -> None:
    decoder = EventDecoder({"StableCoin": COIN})
    assert decoder.decode(log(COIN, [b"\x09" * 32], b"")) is None


def test_decode__transfer__has_values_in_order_and_its_place_in_the_chain() -> None:
    decoder = EventDecoder({"StableCoin": COIN})
    event = decoder.decode(log(COIN, [TRANSFER, word(ALICE), word(BOB)], encode(["uint256"], [5])))
    assert event is not None
    assert list(event.values.items()) == [("from", ALICE), ("to", BOB), ("value", 5)]
    assert (event.contract, event.name, event.block, event.log_index) == (
        "StableCoin", "Transfer", 7, 3,
    )  # fmt: skip
    assert event.transaction == "0x" + "02" * 32


def test_values_of__struct_and_bytes__are_dict_and_hex() -> None:
    entry = {
        "name": "Made",
        "inputs": [
            {"name": "hash", "type": "bytes32", "indexed": True},
            {
                "name": "terms",
                "type": "tuple",
                "indexed": False,
                "components": [
                    {"name": "cell", "type": "address"},
                    {"name": "lanes", "type": "uint16[]"},
                ],
            },
        ],
    }
    data = encode(["(address,uint16[])"], [(ALICE, [1, 2])])
    assert values_of(entry, [b"\x00" * 32, b"\x07" * 32], data) == {
        "hash": "0x" + "07" * 32,
        "terms": {"cell": ALICE, "lanes": [1, 2]},
    }
