"""A claim's id says which cover and which run it is of."""

from __future__ import annotations

from contracts.client.claims import ClaimCover, cover_of_claim


def test_cover_of_claim__policy__is_read_back() -> None:
    claim = "0x" + ((7 << 64) | 12).to_bytes(32, "big").hex()
    assert cover_of_claim(claim) == ClaimCover(False, 7, 12)


def test_cover_of_claim__certificates_from_an_index__are_a_bordereaus() -> None:
    claim = "0x" + ((9 << 136) | (1 << 128) | (7 << 64) | 12).to_bytes(32, "big").hex()
    assert cover_of_claim(claim) == ClaimCover(True, 7, 12)
