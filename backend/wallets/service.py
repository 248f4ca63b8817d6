"""Messages to sign, and sessions for those who signed them.

A nonce is not stored when it is given out: it carries its expiry and a MAC of this deployment. It
is stored with the session that it opens, uniquely.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.client.errors import ContractReverted, NodeRefused
from contracts.client.signatures import BadSignature, personal_hash, recover

from ..domain.sign_in import SECONDS, Expected, SignIn, read, refusal, written
from ..http.context import WALLET_PREFIX, Services, hash_of
from ..http.problems import Problem
from .schemas import MessageOut
from .tables import WalletSession

SESSION_SECONDS = 8 * 3600
MAGIC = bytes.fromhex("1626ba7e")
"""Selector of `isValidSignature(bytes32,bytes)`, and what it returns for a good signature."""


def expected_here(at: Services) -> Expected:
    """Domain and origin are settings, never what a request's Host header says."""
    origin = at.settings.origin
    return Expected(urlsplit(origin).netloc, origin, at.contracts.deployment.chain_id)


def _mac(at: Services, expiry: int, random: str) -> str:
    key = f"{at.settings.admin_token}\n{at.settings.commitment_key}".encode()
    return hmac.new(key, f"wallet nonce\n{expiry} {random}".encode(), "sha256").hexdigest()[:32]


def message(at: Services, wallet: str) -> MessageOut:
    """A message for the wallet, with a fresh nonce."""
    now = int(at.clock())
    here, random = expected_here(at), secrets.token_hex(8)
    expiry = now + SECONDS
    nonce = f"{random}{expiry:010x}{_mac(at, expiry, random)}"
    uri, times = f"{here.origin}/v1/wallet-sessions", (_iso(now), _iso(expiry))
    text = written(SignIn(here.domain, wallet, uri, 1, here.chain_id, nonce, *times))
    return MessageOut(message=text, nonce=nonce, expires_at=expiry)


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _second(text: str) -> int:
    """
    :raises Problem: sign-in-refused, when there is no such day or time
    """
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise _refused("form") from error


def _refused(rule: str) -> Problem:
    return Problem("sign-in-refused", f"the message is refused: {rule}", rule=rule)


def _is_ours(at: Services, nonce: str, now: int) -> bool:
    """Whether this deployment gave the nonce out, and its time is not over."""
    if len(nonce) != 16 + 10 + 32:
        return False
    random, expiry, mac = nonce[:16], nonce[16:26], nonce[26:]
    try:
        second = int(expiry, 16)
    except ValueError:
        return False
    return hmac.compare_digest(mac, _mac(at, second, random)) and now < second


def accepted(at: Services, text: str, signature: bytes) -> tuple[str, str]:
    """Wallet and nonce of a message that is to be trusted; nothing is stored.

    :raises Problem: sign-in-refused, signature-invalid
    :raises ChainError: the node does not answer for a contract wallet
    """
    found = read(text)
    if found is None:
        raise _refused("form")
    if found.wallet != to_checksum_address(found.wallet):
        raise _refused("wallet_not_checksummed")
    now = int(at.clock())
    issued, expires = _second(found.issued_at), _second(found.expires_at)
    rule = refusal(found, expected_here(at), issued, expires, now)
    if rule is not None:
        raise _refused(rule)
    if not _is_ours(at, found.nonce, now):
        raise _refused("nonce")
    _require_signed(at, found.wallet, personal_hash(text), signature)
    return found.wallet, found.nonce


def _require_signed(at: Services, wallet: str, hashed: bytes, signature: bytes) -> None:
    try:
        if recover(hashed, signature) == wallet:
            return
    except BadSignature:
        pass
    data = MAGIC + encode(["bytes32", "bytes"], [hashed, signature])
    try:
        answer = at.contracts.node.call(wallet, data)
    except (ContractReverted, NodeRefused):
        answer = b""
    if answer[:4] != MAGIC or len(answer) != 32:
        raise Problem("signature-invalid", f"{wallet} did not sign the message")


def open_session(
    session: Session, at: Services, wallet: str, nonce: str
) -> tuple[WalletSession, str]:
    """A session and its token, which is not stored.

    :raises Problem: sign-in-refused, when the nonce has opened one
    """
    if session.scalar(select(WalletSession).where(WalletSession.nonce == nonce)) is not None:
        raise _refused("nonce_used")
    now = int(at.clock())
    token = WALLET_PREFIX + secrets.token_urlsafe(24)
    row = WalletSession(
        id=f"wls_{secrets.token_hex(10)}",
        wallet=wallet,
        secret_hash=hash_of(token),
        nonce=nonce,
        created_at=now,
        expires_at=now + SESSION_SECONDS,
        revoked_at=None,
    )
    session.add(row)
    return row, token
