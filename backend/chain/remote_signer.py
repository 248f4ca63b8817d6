"""Keys that another process holds: transactions are signed by `eth_signTransaction` over JSON-RPC.

Web3Signer answers with the raw transaction, Clef with an object around it. What comes back is read
and compared: a signer that signs anything else than what was asked is refused, and nothing is sent.
"""

from __future__ import annotations

from typing import Any

import httpx
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from contracts.client.errors import NodeRefused, NodeUnavailable
from contracts.client.signatures import keccak256

from .keys import Call, Fees, SignedTransaction, unsigned

TIMEOUT = 10.0


class RemoteSigner:
    """One account of an external signer.

    :param url: the signer's JSON-RPC address
    """

    def __init__(self, url: str, address: str) -> None:
        self._url = url
        self.address: str = to_checksum_address(address)

    def sign_transaction(
        self, call: Call, nonce: int, fees: Fees, chain_id: int
    ) -> SignedTransaction:
        """A type 2 transaction.

        :raises NodeUnavailable: the signer does not answer
        :raises NodeRefused: it refuses, or signed something else
        """
        wanted = unsigned(call, nonce, fees, chain_id)
        raw = self._ask({name: _hex(value) for name, value in wanted.items()})
        self._require_same(wanted, raw)
        return SignedTransaction(raw, "0x" + keccak256(raw).hex())

    def _ask(self, transaction: dict[str, str]) -> bytes:
        parameters = [transaction | {"from": self.address}]
        body = {"jsonrpc": "2.0", "id": 1, "method": "eth_signTransaction", "params": parameters}
        try:
            answer = httpx.post(self._url, json=body, timeout=TIMEOUT, trust_env=False)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NodeUnavailable(f"the signer does not answer: {type(error).__name__}") from error
        result: Any = found.get("result") if isinstance(found, dict) else None
        raw: Any = result.get("raw") if isinstance(result, dict) else result
        try:
            return bytes.fromhex(raw.removeprefix("0x"))
        except (AttributeError, ValueError) as error:
            said = found.get("error") if isinstance(found, dict) else found
            raise NodeRefused(f"the signer refuses: {said}"[:200]) from error

    def _require_same(self, wanted: dict[str, Any], raw: bytes) -> None:
        try:
            signed = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            signer = Account.recover_transaction(raw)
        except Exception as error:
            raise NodeRefused("the signer's answer is no transaction") from error
        same = all(_hex(signed.get(name, 0)) == _hex(value) for name, value in wanted.items())
        if not same or signer != self.address or signed.get("accessList"):
            raise NodeRefused("the signer signed another transaction than was asked")

    def __repr__(self) -> str:
        return f"RemoteSigner({self.address})"


def _hex(value: Any) -> str:
    """A quantity or bytes as JSON-RPC writes them, addresses in lower case."""
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, str) and not value.startswith("0x"):
        return hex(int(value))
    return value.lower() if isinstance(value, str) else "0x" + bytes(value).hex()
