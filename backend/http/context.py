"""Who asks, with what: the services of the process, the caller, and the case id of a request."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from opentelemetry.trace import TracerProvider
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..assessments.reasons import Advice
from ..chain.contracts import Contracts
from ..chain.faults import Faults
from ..chain.keys import Keyring
from ..evidence import Evidence
from ..market import Market
from ..observability.logs import case_id as current_case
from ..reads import Reads
from ..sandbox.committee import Sandbox
from ..settings import Settings
from ..storage.database import Database
from ..wallets.tables import WalletSession
from .gathering import Gathering
from .limits import Allowance, Limits
from .problems import Problem
from .tables import ApiKey

INSURER = "insurer"
WALLET = "wallet"
WALLET_PREFIX = "fc_wallet_"
"""How the token of a wallet's session begins."""
SCOPES = ("read", "onboard", "quote", "bind", "sell", "fund", "webhooks", "sandbox")
"""What a platform's key may do; `read` includes every GET of the platform's own things."""

CACHE_SECONDS = 2.0
ALLOWANCE = "flowcover.allowance"
"""Where a request's scope holds what is left of its caller's rate."""


@dataclass(slots=True)
class Services:
    """Everything that outlives a request."""

    settings: Settings
    database: Database
    contracts: Contracts
    market: Market
    keyring: Keyring
    faults: Faults
    sandbox: Sandbox | None = None
    clock: Callable[[], float] = time.time
    key_cache: KeyCache = field(default_factory=lambda: KeyCache())
    in_flight: InFlight = field(default_factory=lambda: InFlight())
    limits: Limits = field(default_factory=lambda: Limits(1_000, 2_000))
    salts: Salts = field(default_factory=lambda: Salts())
    refusals: Refusals = field(default_factory=lambda: Refusals())
    underwriting: BlockCache = field(default_factory=lambda: BlockCache())
    sales: Gathering[Any] = field(default_factory=lambda: Gathering())
    traces: TracerProvider | None = None
    reads: Reads = field(init=False)
    evidence: Evidence = field(init=False)
    advice: Advice = field(init=False)

    def __post_init__(self) -> None:
        self.reads = Reads(self)
        self.evidence = Evidence(self.settings.evidence_dirs)
        self.advice = Advice(self.evidence)


@dataclass(frozen=True, slots=True)
class Caller:
    """A platform's key, the insurer (platform_id None), or a wallet's session.

    A wallet has the scope `wallet` alone and the name of no platform, so that nothing that looks
    for a platform's things, or for the insurer, finds any for it.
    """

    actor: str
    platform_id: str | None
    scopes: frozenset[str]

    @property
    def tenant(self) -> str:
        return self.platform_id or INSURER

    @property
    def wallet(self) -> str:
        """The address of a wallet's session."""
        return (self.platform_id or "").removeprefix(f"{WALLET}:")


def wallet_tenant(wallet: str) -> str:
    """What stands for a platform's id with a wallet's session."""
    return f"{WALLET}:{wallet}"


class KeyCache:
    """Callers by secret hash, for two seconds: a revoked key works at most that much longer."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Caller | None]] = {}

    def get(self, secret_hash: str, now: float) -> tuple[bool, Caller | None]:
        entry = self._found.get(secret_hash)
        if entry is None or entry[0] < now:
            return False, None
        return True, entry[1]

    def put(self, secret_hash: str, caller: Caller | None, now: float) -> None:
        if len(self._found) > 10_000:
            self._found.clear()
        self._found[secret_hash] = (now + CACHE_SECONDS, caller)

    def clear(self) -> None:
        self._found.clear()


class Refusals:
    """What a contract refused to jobs: each is asked again later and later, in chain seconds."""

    MOST_SECONDS = 30
    MOST_KEYS = 50_000

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def may_ask(self, key: str, now: int) -> bool:
        count, at = self._known.get(key, (0, 0))
        return now - at >= min(count, self.MOST_SECONDS)

    def refused(self, key: str, now: int) -> None:
        if len(self._known) >= self.MOST_KEYS:
            self._known.clear()
        self._known[key] = (self._known.get(key, (0, 0))[0] + 1, now)


class BlockCache:
    """Values that hold as long as one block is the latest."""

    def __init__(self) -> None:
        self._kept: tuple[str, dict[object, object]] = ("", {})

    def get(self, block: str, key: object) -> object | None:
        kept, found = self._kept
        return found.get(key) if block == kept else None

    def put(self, block: str, key: object, value: object) -> None:
        kept, found = self._kept
        if block != kept:
            self._kept = (block, {key: value})
        else:
            found[key] = value


class Salts:
    """Salts of quotes: a random prefix and a counter, so that 256 share a storage slot on chain."""

    def __init__(self) -> None:
        self._prefix = b""
        self._counter = 0
        self._lock = Lock()

    def next(self) -> bytes:
        """32 bytes that no other call gives."""
        with self._lock:
            if self._counter % 256 == 0:
                self._prefix = secrets.token_bytes(31)
            salt = self._prefix + bytes([self._counter % 256])
            self._counter += 1
            return salt


class InFlight:
    """Idempotency keys whose first request runs in this process."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._lock = Lock()

    def enter(self, tenant: str, key: str) -> bool:
        with self._lock:
            if (tenant, key) in self._keys:
                return False
            self._keys.add((tenant, key))
            return True

    def leave(self, tenant: str, key: str) -> None:
        with self._lock:
            self._keys.discard((tenant, key))


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]
_bearer = HTTPBearer(auto_error=False, description="The insurer's token or a platform's API key")


def hash_of(secret: str) -> str:
    """How a secret is stored: it has 190 bits of randomness, so a plain SHA-256 is enough."""
    return _hex_hash(secret.encode())


def _hex_hash(secret: bytes) -> str:
    return "0x" + hashlib.sha256(secret).hexdigest()


async def caller(
    request: Request,
    at: ServicesDep,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The caller of a request, whose rate is not used up; only an unknown key costs a thread.

    :raises Problem: unauthenticated, wrong-mode, rate-limited
    """
    who = await _authenticate(at, given)
    _require_rate(request.scope, at, who.actor)
    return who


async def stranger(request: Request, at: ServicesDep) -> None:
    """Nobody known asks; the rate is that of the address.

    :raises Problem: rate-limited
    """
    host = "unknown" if request.client is None else request.client.host
    _require_rate(request.scope, at, f"address {host}")


Stranger = Annotated[None, Depends(stranger)]


def _require_rate(scope: Scope, at: Services, key: str) -> None:
    allowance = allowance_of(scope, at, key)
    if not allowance.granted:
        detail = f"at most {allowance.limit} requests in a row"
        raise Problem("rate-limited", detail, retry_after=allowance.reset)


def allowance_of(scope: Scope, at: Services, key: str) -> Allowance:
    """What is left of the rate of a key; a request takes one out of it, once."""
    allowance: Allowance | None = scope.get(ALLOWANCE)
    if allowance is None:
        allowance = scope[ALLOWANCE] = at.limits.take(key, at.clock())
    return allowance


def known_caller(at: Services, authorization: bytes) -> Caller | None:
    """The platform whose key the header gives, if this process knows the key; asks nobody."""
    scheme, _, secret = authorization.partition(b" ")
    if scheme != b"Bearer":
        return None
    return at.key_cache.get(_hex_hash(secret), at.clock())[1]


async def _authenticate(at: Services, given: HTTPAuthorizationCredentials | None) -> Caller:
    if given is None:
        raise Problem("unauthenticated", "send Authorization: Bearer <key>")
    secret = given.credentials
    if hmac.compare_digest(secret.encode(), at.settings.admin_token.encode()):
        return Caller(INSURER, None, frozenset({*SCOPES, INSURER}))
    digest = hash_of(secret)
    now = at.clock()
    known, found = at.key_cache.get(digest, now)
    if not known:
        found = await run_in_threadpool(_look_up, at, digest)
        at.key_cache.put(digest, found, now)
    if found is None:
        other = "live" if at.settings.mode == "test" else "test"
        if secret.startswith(f"fc_{other}_"):
            raise Problem("wrong-mode", f"this deployment takes {at.settings.mode} keys")
        raise Problem("unauthenticated", "the key is unknown or revoked")
    return found


def _look_up(at: Services, digest: str) -> Caller | None:
    with at.database.read() as session:
        signed_in = session.scalar(select(WalletSession).where(WalletSession.secret_hash == digest))
        row = session.scalar(select(ApiKey).where(ApiKey.secret_hash == digest))
    if signed_in is not None:
        over = signed_in.revoked_at is not None or signed_in.expires_at <= at.clock()
        who = Caller(signed_in.id, wallet_tenant(signed_in.wallet), frozenset({WALLET}))
        return None if over else who
    if row is None or row.revoked_at is not None or row.mode != at.settings.mode:
        return None
    return Caller(row.id, row.platform_id, frozenset(row.scopes))


def allowed(scope: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, which has the scope (`insurer` for the insurer alone)."""

    async def check(who: Annotated[Caller, Depends(caller)]) -> Caller:
        if scope not in who.scopes:
            raise Problem("forbidden", f"the key has no scope {scope}", scope=scope)
        return who

    return check


Insurer = Annotated[Caller, Depends(allowed(INSURER))]
Reader = Annotated[Caller, Depends(allowed("read"))]
WalletCaller = Annotated[Caller, Depends(allowed(WALLET))]


class RequestContext:
    """Middleware: each answer tells its case id, and how much of the key's rate is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        case = _case_of(scope)
        token = current_case.set(case)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(b"x-case-id", case.encode())]
                allowance: Allowance | None = scope.get(ALLOWANCE)
                if allowance is not None:
                    own += allowance.headers
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        finally:
            current_case.reset(token)


def _case_of(scope: Scope) -> str:
    """The case id that the client gave, if it is a plain word, or a new one."""
    given = dict(scope["headers"]).get(b"x-case-id", b"").decode("latin-1")
    if not given:
        return f"case_{secrets.token_hex(10)}"
    plain = given.isascii() and given.replace("-", "").replace("_", "").isalnum()
    return given if plain and len(given) <= 64 else f"case_{secrets.token_hex(10)}"
