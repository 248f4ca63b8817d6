"""Who signs for a member: its own key, or a signer elsewhere that keeps it; changes when a way of
signing is added.

An external signer speaks Ethereum's JSON-RPC (``eth_signTypedData_v4``, ``eth_signTransaction``),
as Web3Signer, a node's account or a bridge before a hardware module do. What comes back is believed
only when it is the member's signature of exactly what was asked.
"""

from __future__ import annotations

import itertools
from typing import Any, Final, Protocol

import httpx
import rlp
from eth_account import Account
from hexbytes import HexBytes

from contracts.client.messages import Domain, digest, typed_data
from contracts.client.signatures import BadSignature, address_of, keccak256, recover, sign
from oracles.attest.messages import Word
from oracles.domain.quorum import Signer

TIMEOUT_S: Final = 5.0


class SignerError(Exception):
    """An external signer that does not answer, refuses, or signs something else."""


class Hand(Protocol):
    """Signs in the name of one account."""

    @property
    def signer(self) -> Signer:
        """The account."""
        ...

    def sign_word(self, word: Word, domain: Domain) -> bytes:
        """The signature of a message, 65 bytes. Raises SignerError."""
        ...

    def sign_transaction(self, fields: dict[str, Any]) -> tuple[bytes, bytes]:
        """A legacy transaction under its signature, and its hash. Raises SignerError."""
        ...


class OwnKey:
    """A 32-byte private key in this process."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.signer = Signer(address_of(key))

    def sign_word(self, word: Word, domain: Domain) -> bytes:
        """See Hand."""
        return sign(digest(word, domain), self._key)

    def sign_transaction(self, fields: dict[str, Any]) -> tuple[bytes, bytes]:
        """See Hand."""
        signed = Account.sign_transaction(fields, self._key)
        return bytes(signed.raw_transaction), bytes(signed.hash)


class ExternalSigner:
    """An account whose key a signer at ``url`` keeps."""

    def __init__(self, url: str, signer: Signer, client: httpx.Client | None = None) -> None:
        self.signer = signer
        self._url = url
        self._client = client or httpx.Client(timeout=TIMEOUT_S)
        self._ids = itertools.count(1)

    def sign_word(self, word: Word, domain: Domain) -> bytes:
        """See Hand."""
        raw = self._ask("eth_signTypedData_v4", [self.signer, typed_data(word, domain)])
        try:
            signature = bytes.fromhex(str(raw).removeprefix("0x"))
            if len(signature) == 65 and signature[64] < 27:
                signature = signature[:64] + bytes([signature[64] + 27])
            found = recover(digest(word, domain), signature)
        except (BadSignature, ValueError) as error:
            raise SignerError(f"{self._url}: no signature: {error}") from error
        if str(found) != str(self.signer):
            raise SignerError(f"{self._url}: signed as {found}, not as {self.signer}")
        return signature

    def sign_transaction(self, fields: dict[str, Any]) -> tuple[bytes, bytes]:
        """See Hand."""
        asked = {
            name: hex(value) if isinstance(value, int) else value for name, value in fields.items()
        }
        answer = self._ask("eth_signTransaction", [asked | {"from": self.signer}])
        raw = answer.get("raw") if isinstance(answer, dict) else answer
        try:
            signed = bytes.fromhex(str(raw).removeprefix("0x"))
            found = Account.recover_transaction(HexBytes(signed))
            same = found == self.signer and _is_of(signed, fields)
        except Exception as error:  # whatever the decoder makes of strange bytes
            raise SignerError(f"{self._url}: no transaction: {error}") from error
        if not same:
            raise SignerError(f"{self._url}: signed another transaction")
        return signed, keccak256(signed)

    def _ask(self, method: str, parameters: list[Any]) -> Any:
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": parameters}
        try:
            answer = self._client.post(self._url, json=request).json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignerError(f"{self._url}: no answer ({type(error).__name__})") from error
        if not isinstance(answer, dict) or "result" not in answer:
            reason = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise SignerError(f"{self._url}: refused: {str(reason)[:200]}")
        return answer["result"]


def _is_of(raw: bytes, fields: dict[str, Any]) -> bool:
    """Whether a signed legacy transaction is the one that was asked for."""
    nonce, price, gas, to, value, data, v, _, _ = rlp.decode(raw)
    numbers = {"nonce": nonce, "gasPrice": price, "gas": gas, "value": value}
    return (
        all(int.from_bytes(found, "big") == fields[name] for name, found in numbers.items())
        and to == bytes.fromhex(fields["to"].removeprefix("0x"))
        and data == bytes.fromhex(fields["data"].removeprefix("0x"))
        and int.from_bytes(v, "big") - 35 in (2 * fields["chainId"], 2 * fields["chainId"] + 1)
    )
