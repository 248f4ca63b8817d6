"""Signed messages between members."""

from __future__ import annotations

import pytest

from contracts.client.messages import Observation, ScoreVector, pack_scores
from contracts.client.signatures import address_of
from oracles.attest.messages import MalformedMessage, from_wire, sign_word, to_wire
from oracles.domain.quorum import Signer
from tests.support.member_table import DOMAINS

KEY = b"\x09" * 32
ME = Signer(address_of(KEY))
VECTOR = ScoreVector(1, 7, b"\x01" * 32, 0, pack_scores([1, 2, 3]))
SEEN = Observation(1, 2**32 + 5, 9, 1 << 63, 1, b"\x02" * 32)


@pytest.mark.parametrize("word", [VECTOR, SEEN])
def test_wire__there_and_back__same_word_and_signer(word: ScoreVector | Observation) -> None:
    signed = sign_word(word, DOMAINS, KEY, ME)
    assert from_wire(to_wire(signed), DOMAINS) == signed


def test_from_wire__one_field_changed__another_signer() -> None:
    wire = to_wire(sign_word(VECTOR, DOMAINS, KEY, ME)) | {"frame": 8}
    assert from_wire(wire, DOMAINS).signer != ME


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "rumour"}, "unknown kind"),
        ({"frame": -1}, "frame is no count"),
        ({"frame": True}, "frame is no count"),
        ({"frame": 2**32}, "does not fit"),
        ({"scores": "0x"}, "0 bytes of scores"),
        ({"scores": "0x" + "00" * 31}, "31 bytes of scores"),
        ({"scores": "0x" + "00" * 544}, "544 bytes of scores"),
        ({"scores": "0x" + "2711" * 16}, "out of range"),
        ({"model_hash": "0x01"}, "does not fit"),
        ({"signature": "0x00"}, "65 bytes"),
        ({"signature": 5}, "no 0x-hex"),
        ({"signature": "0x" + "ff" * 64 + "1b"}, "above half"),
    ],
)
def test_from_wire__malformed_field__is_refused(change: dict[str, object], reason: str) -> None:
    wire = to_wire(sign_word(VECTOR, DOMAINS, KEY, ME)) | change
    with pytest.raises(MalformedMessage, match=reason):
        from_wire(wire, DOMAINS)


def test_from_wire__mask_of_more_than_64_bits__is_refused() -> None:
    wire = to_wire(sign_word(SEEN, DOMAINS, KEY, ME)) | {"lost_mask": hex(1 << 64)}
    with pytest.raises(MalformedMessage, match="64 bits"):
        from_wire(wire, DOMAINS)


def test_from_wire__field_missing__is_named() -> None:
    wire = to_wire(sign_word(SEEN, DOMAINS, KEY, ME))
    del wire["epoch"]
    with pytest.raises(MalformedMessage, match="no field epoch"):
        from_wire(wire, DOMAINS)
