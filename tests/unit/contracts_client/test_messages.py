"""Digests packed by hand equal the reference encoder's, and bad fields are refused."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.client.messages import (
    MESSAGES,
    AssessorDecision,
    Domain,
    FieldOutOfRange,
    Message,
    Suspicion,
    _camel,
    digest,
    members,
    pack_scores,
    type_string,
    unpack_scores,
)
from contracts.client.signatures import BadSignature, address_of, recover, sign

KEY = bytes.fromhex("4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d")
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 2 * HALF_ORDER + 1

VALUES: dict[str, st.SearchStrategy[object]] = {
    "address": st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=96),
    "bool": st.booleans(),
} | {f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 40, 64, 128)}


def domain_of(kind: type[Message], address: str = "0x" + "11" * 20, chain: int = 1337) -> Domain:
    return Domain(kind.contract, chain, address)


def reference(message: Message, domain: Domain) -> bytes:
    fields = members(type(message))
    return _hash_eip191_message(
        encode_typed_data(
            {
                "name": domain.name,
                "version": "1",
                "chainId": domain.chain_id,
                "verifyingContract": domain.verifying_contract,
            },
            {type(message).__name__: [{"name": _camel(n), "type": t} for n, t in fields]},
            {_camel(n): getattr(message, n) for n, _ in fields},
        )
    )


@pytest.mark.parametrize(
    "message",
    [
        Suspicion(2**32, 1, 2, 3),
        Suspicion(1, 1, -1, 3),
        AssessorDecision(b"short", True, bytes(32), 1),
    ],
)
def test_digest__field_outside_its_type__is_refused(message: Message) -> None:
    with pytest.raises(FieldOutOfRange):
        digest(message, domain_of(type(message)))


def test_digest__domain_of_another_contract__is_refused() -> None:
    with pytest.raises(ValueError, match="verified by IncidentRegistry"):
        digest(Suspicion(1, 1, 2, 3), Domain("RiskFeed", 1337, "0x" + "11" * 20))


@pytest.mark.parametrize("kind", MESSAGES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.data_too_large])
@given(data=st.data())
def test_digest__any_fields__equals_the_reference_encoder(
    kind: type[Message], data: st.DataObject
) -> None:
    message = kind(*(data.draw(VALUES[t]) for _, t in members(kind)))
    domain = domain_of(kind)
    assert digest(message, domain) == reference(message, domain)


def test_digest__other_chain_or_contract__differs() -> None:
    message = AssessorDecision(bytes(32), True, bytes(32), 5)
    digests = {
        digest(message, domain_of(AssessorDecision)),
        digest(message, domain_of(AssessorDecision, chain=1)),
        digest(message, domain_of(AssessorDecision, address="0x" + "22" * 20)),
    }
    assert len(digests) == 3


def test_type_string__observation__is_the_one_of_the_interface() -> None:
    kind = next(k for k in MESSAGES if k.__name__ == "Observation")
    assert type_string(kind) == (
        "Observation(uint32 committeeVersion,uint64 subject,uint32 epoch,"
        "uint64 lostMask,uint64 attackMask,bytes32 evidenceHash)"
    )


@pytest.mark.parametrize("change", ["length", "v", "high s", "r"])
def test_recover__malformed_signature__is_refused(change: str) -> None:
    message = bytes(range(32))
    signature = sign(message, KEY)
    high_s = ORDER - int.from_bytes(signature[32:64], "big")
    bad = {
        "length": signature[:-1],
        "v": signature[:64] + b"\x01",
        "high s": signature[:32] + high_s.to_bytes(32, "big") + signature[64:],
        "r": b"\xff" * 32 + signature[32:],
    }[change]
    with pytest.raises(BadSignature):
        recover(message, bad)


@given(message=st.binary(min_size=32, max_size=32), key=st.integers(1, ORDER - 1))
@settings(max_examples=25)
def test_sign__any_key__equals_the_reference_signer_and_recovers(message: bytes, key: int) -> None:
    raw = key.to_bytes(32, "big")
    signature = sign(message, raw)
    assert signature == bytes(Account.unsafe_sign_hash(message, raw).signature)
    assert recover(message, signature) == address_of(raw) == Account.from_key(raw).address


def test_pack_scores__17_risks__fills_two_groups() -> None:
    packed = pack_scores([*range(16), 10_000])
    assert len(packed) == 64
    assert unpack_scores(packed) == (*range(16), 10_000, *[0xFFFF] * 15)
