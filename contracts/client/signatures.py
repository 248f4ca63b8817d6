"""secp256k1 signatures as the chain expects them: 65 bytes r, s, v with v 27 or 28 and low s."""

from __future__ import annotations

from functools import lru_cache

import sha3
from coincurve import PrivateKey, PublicKey
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class BadSignature(ValueError):
    """A signature of another length, form or curve point than the chain accepts."""


def keccak256(data: bytes) -> bytes:
    """Ethereum's hash (Keccak before its padding became SHA-3), 32 bytes."""
    value: bytes = sha3.keccak_256(data).digest()
    return value


def personal_hash(text: str) -> bytes:
    """What a wallet's `personal_sign` signs for a text (EIP-191), 32 bytes."""
    data = text.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)


@lru_cache(maxsize=4096)
def _address(point: bytes) -> ChecksumAddress:
    """The account of an uncompressed curve point without its 0x04 prefix."""
    return to_checksum_address(keccak256(point)[-20:])


def address_of(key: bytes) -> ChecksumAddress:
    """The account of a 32-byte private key."""
    return _address(PrivateKey(key).public_key.format(compressed=False)[1:])


@lru_cache(maxsize=64)
def _private(key: bytes) -> PrivateKey:
    """coincurve computes both public keys with each private key: dearer than a signature."""
    return PrivateKey(key)


def sign(digest: bytes, key: bytes) -> bytes:
    """Signs a 32-byte digest with a 32-byte private key."""
    raw: bytes = _private(key).sign_recoverable(digest, hasher=None)
    return raw[:64] + bytes([27 + raw[64]])


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """A 65-byte signature as two words, r and vs (ERC-2098): s is low, so its top bit holds v.

    :raises BadSignature: not 65 bytes, or v not 27 or 28
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadSignature("a signature has 65 bytes and ends with v = 27 or 28")
    first = signature[32] | (signature[64] - 27) << 7
    return signature[:32], bytes([first]) + signature[33:64]


def recover(digest: bytes, signature: bytes) -> ChecksumAddress:
    """The account that signed `digest`.

    :raises BadSignature: not 65 bytes, v not 27 or 28, s above half the order, or no such point
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadSignature("a signature has 65 bytes and ends with v = 27 or 28")
    if int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        raise BadSignature("s is above half the order")
    raw = signature[:64] + bytes([signature[64] - 27])
    try:
        public = PublicKey.from_signature_and_message(raw, digest, hasher=None)
    except Exception as error:
        raise BadSignature(str(error)) from error
    return _address(public.format(compressed=False)[1:])
