"""External signers are believed only when they signed exactly what was asked."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from contracts.client.messages import Domain, Observation, ScoreVector, digest, typed_data
from contracts.client.signatures import recover
from oracles.attest.hands import ExternalSigner, OwnKey, SignerError
from tests.support.member_table import DOMAINS

KEY, OTHER = b"\x31" * 32, b"\x32" * 32
OWN = OwnKey(KEY)
VECTOR = ScoreVector(1, 7, b"\x77" * 32, 0, bytes(32))
SEEN = Observation(1, 3, 9, 0b101, 0b1, b"\x05" * 32)
FIELDS: dict[str, Any] = {
    "to": "0x" + "11" * 20, "data": "0x1234", "gas": 50_000, "nonce": 3, "gasPrice": 7,
    "value": 0, "chainId": 1337,
}  # fmt: skip


class Box:
    """A signer that holds a key and answers as it is told to."""

    def __init__(self, key: bytes = KEY, change: dict[str, Any] | None = None) -> None:
        self._key = key
        self._change = change or {}
        self.answer: Any = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if self.answer is not None:
            return httpx.Response(200, json=self.answer)
        return httpx.Response(200, json={"id": asked["id"], "result": self._sign(asked)})

    def _sign(self, asked: dict[str, Any]) -> str:
        if asked["method"] == "eth_signTypedData_v4":
            signable = encode_typed_data(full_message=asked["params"][1] | self._change)
            return str(Account.sign_message(signable, self._key).signature.to_0x_hex())
        fields = {
            name: int(value, 16) if name not in ("to", "data", "from") else value
            for name, value in asked["params"][0].items()
            if name != "from"
        }
        return str(
            Account.sign_transaction(fields | self._change, self._key).raw_transaction.to_0x_hex()
        )


def signer(box: Box) -> ExternalSigner:
    return ExternalSigner(
        "http://signer", OWN.signer, client=httpx.Client(transport=httpx.MockTransport(box))
    )


@pytest.mark.parametrize(
    ("word", "domain"), [(VECTOR, DOMAINS.risk_feed), (SEEN, DOMAINS.incident_registry)]
)
def test_sign_word__external_signer__same_signature_as_the_key(
    word: ScoreVector | Observation, domain: Domain
) -> None:
    signature = signer(Box()).sign_word(word, domain)
    assert recover(digest(word, domain), signature) == OWN.signer
    assert typed_data(word, domain)["primaryType"] == type(word).__name__


def test_sign_word__signer_has_another_key__is_refused() -> None:
    with pytest.raises(SignerError, match="signed as"):
        signer(Box(OTHER)).sign_word(VECTOR, DOMAINS.risk_feed)


def test_sign_word__signer_signs_other_words__is_refused() -> None:
    other = typed_data(ScoreVector(1, 8, b"\x77" * 32, 0, bytes(32)), DOMAINS.risk_feed)
    with pytest.raises(SignerError, match="signed as"):
        signer(Box(change={"message": other["message"]})).sign_word(VECTOR, DOMAINS.risk_feed)


@pytest.mark.parametrize(
    "answer",
    [[], {"error": {"message": "locked"}}, {"result": "0x12"}, {"result": None}, {"result": "zz"}],
)
def test_sign__answer_that_is_none__is_refused(answer: Any) -> None:
    box = Box()
    box.answer = answer
    with pytest.raises(SignerError):
        signer(box).sign_word(VECTOR, DOMAINS.risk_feed)
    with pytest.raises(SignerError):
        signer(box).sign_transaction(FIELDS)


def test_sign_transaction__external_signer__same_bytes_as_the_key() -> None:
    assert signer(Box()).sign_transaction(FIELDS) == OWN.sign_transaction(FIELDS)


@pytest.mark.parametrize(
    "change",
    [{"to": "0x" + "22" * 20}, {"data": "0x"}, {"value": 1}, {"gasPrice": 9}, {"chainId": 1}],
)
def test_sign_transaction__signer_changes_it__is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignerError, match="another transaction"):
        signer(Box(change=change)).sign_transaction(FIELDS)
