"""Keys that sign for the backend: from settings or key files, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account

from contracts.client.signatures import address_of, sign


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    raw: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees in wei per gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class Call:
    """One transaction to send: target, calldata, value in wei and gas limit."""

    to: str
    data: bytes
    value: int
    gas: int


def unsigned(call: Call, nonce: int, fees: Fees, chain_id: int) -> dict[str, Any]:
    """The fields of a type 2 transaction (EIP-1559) by their names in JSON-RPC."""
    return {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": call.to,
        "data": call.data,
        "value": call.value,
        "gas": call.gas,
        "maxFeePerGas": fees.max_fee,
        "maxPriorityFeePerGas": fees.priority_fee,
    }


class TransactionSigner(Protocol):
    """Whoever signs an account's transactions: a key here, or an external signer."""

    @property
    def address(self) -> str: ...
    def sign_transaction(
        self, call: Call, nonce: int, fees: Fees, chain_id: int
    ) -> SignedTransaction:
        """A type 2 transaction; the same arguments give the same bytes."""
        ...


class Signer:
    """One account whose key is here."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.address: str = address_of(key)

    @classmethod
    def from_hex(cls, text: str) -> Signer:
        return cls(bytes.fromhex(text.removeprefix("0x")))

    def sign_digest(self, digest: bytes) -> bytes:
        """65 bytes r, s, v over a 32-byte digest."""
        return sign(digest, self._key)

    def sign_transaction(
        self, call: Call, nonce: int, fees: Fees, chain_id: int
    ) -> SignedTransaction:
        """A type 2 transaction; the same arguments give the same bytes."""
        signed = Account.sign_transaction(unsigned(call, nonce, fees, chain_id), self._key)
        return SignedTransaction(bytes(signed.raw_transaction), "0x" + signed.hash.hex())

    def __repr__(self) -> str:
        return f"Signer({self.address})"


@dataclass(slots=True)
class Keyring:
    """The underwriter's and operator's keys and the platforms' custodied wallets."""

    underwriter: Signer
    operator: TransactionSigner
    wallets: dict[str, TransactionSigner] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        underwriter: str,
        operator: str | TransactionSigner,
        wallets: Path | None,
        remote: Sequence[TransactionSigner] = (),
    ) -> Keyring:
        """Keys from hex texts and a folder of `*.key` files with one hex key each.

        :param remote: wallets whose keys an external signer holds
        """
        files = sorted(wallets.glob("*.key")) if wallets is not None else []
        signers: list[TransactionSigner] = [
            *remote,
            *(Signer.from_hex(file.read_text().strip()) for file in files),
        ]
        return cls(
            Signer.from_hex(underwriter),
            Signer.from_hex(operator) if isinstance(operator, str) else operator,
            {signer.address: signer for signer in signers},
        )

    def signer(self, address: str) -> TransactionSigner | None:
        """Who signs for an address, None when the backend has nobody."""
        known: tuple[TransactionSigner, ...] = (self.underwriter, self.operator)
        for signer in known:
            if signer.address == address:
                return signer
        return self.wallets.get(address)

    def addresses(self) -> list[str]:
        return [*{self.underwriter.address, self.operator.address, *self.wallets}]
