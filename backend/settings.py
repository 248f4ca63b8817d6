"""Settings of the backend, typed, from the environment; every secret also as NAME_FILE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from eth_utils.address import is_address

PREFIX = "FLOWCOVER_"


REQUIREMENTS = frozenset({"questionnaire", "control"})
"""What an insurer may require of every applicant."""


class SettingsError(Exception):
    """A setting is missing or does not parse; the message is one line that names it."""


class Secret(str):
    """A secret text; its representation does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the backend needs from outside; durations in seconds."""

    rpc_url: str
    admin_token: Secret
    underwriter_key: Secret
    operator_key: Secret
    commitment_key: Secret
    deployment: Path = Path("deployment.json")
    database_url: str = "sqlite:///flowcover.db"
    wallets_dir: Path | None = None
    mode: Literal["test", "live"] = "test"
    host: str = "127.0.0.1"
    port: int = 8080
    rpc_timeout: float = 30.0
    finality_depth: int = 12
    reorg_depth: int = 64
    jobs: bool = True
    job_seconds: float = 1.0
    post_size: int = 1000
    post_age: int = 300
    commit_from: int = 5000
    leaf_dir: Path = Path("leaves")
    quote_seconds: int = 300
    commit_seconds: int = 3600
    bump_seconds: int = 30
    max_fee_gwei: int = 500
    webhook_networks: str = ""
    rate_limit: int = 200
    sandbox: Path | None = None
    pay_seconds: int = 120
    evidence_dirs: str = ""
    audit_report: Path | None = None
    log_level: str = "INFO"
    lock_dir: Path | None = field(default=None)
    require: frozenset[str] | None = None
    public_url: str = ""
    node_pause: float = 2.0
    signer_url: str | None = None
    signer_wallets: str = ""
    operator_address: str | None = None
    hold_address: str | None = None
    traces_url: str | None = None

    @property
    def required(self) -> frozenset[str]:
        """What every applicant has to give before cover: all of it in live mode if not set."""
        if self.require is not None:
            return self.require
        return REQUIREMENTS if self.mode == "live" else frozenset()

    @property
    def origin(self) -> str:
        """Scheme and authority under which clients and wallets know this deployment."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    def public(self) -> dict[str, str]:
        """The settings that may be logged."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: str(value) for name, value in values if not isinstance(value, Secret)}


def _switch(text: str) -> bool:
    try:
        return {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}[text]
    except KeyError:
        raise ValueError("on or off") from None


def _mode(text: str) -> Literal["test", "live"]:
    if text == "test":
        return "test"
    if text == "live":
        return "live"
    raise ValueError("test or live")


def _url(text: str) -> str:
    if not text:
        return text
    found = urlsplit(text)
    if found.scheme not in ("http", "https") or not found.netloc or found.path.strip("/"):
        raise ValueError("http(s)://host[:port]")
    return text


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("0x and 40 hex digits")
    return text


def _addresses(text: str) -> str:
    for part in filter(None, map(str.strip, text.split(","))):
        _address(part)
    return text


def _requirements(text: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not found <= REQUIREMENTS:
        raise ValueError(f"a list of {', '.join(sorted(REQUIREMENTS))}")
    return found


def _private_key(text: str) -> Secret:
    if len(bytes.fromhex(text.removeprefix("0x"))) != 32:
        raise ValueError("32 bytes of hex")
    return Secret(text)


def _token(text: str) -> Secret:
    if len(text) < 16:
        raise ValueError("at least 16 characters")
    return Secret(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    "rpc_url": str,
    "admin_token": _token,
    "underwriter_key": _private_key,
    "operator_key": _private_key,
    "commitment_key": _token,
    "deployment": Path,
    "database_url": str,
    "wallets_dir": Path,
    "mode": _mode,
    "host": str,
    "port": int,
    "rpc_timeout": float,
    "finality_depth": int,
    "reorg_depth": int,
    "jobs": _switch,
    "job_seconds": float,
    "post_size": int,
    "post_age": int,
    "commit_from": int,
    "leaf_dir": Path,
    "quote_seconds": int,
    "commit_seconds": int,
    "bump_seconds": int,
    "max_fee_gwei": int,
    "webhook_networks": str,
    "rate_limit": int,
    "sandbox": Path,
    "pay_seconds": int,
    "evidence_dirs": str,
    "audit_report": Path,
    "log_level": str,
    "lock_dir": Path,
    "require": _requirements,
    "public_url": _url,
    "node_pause": float,
    "signer_url": str,
    "signer_wallets": _addresses,
    "operator_address": _address,
    "hold_address": _address,
    "traces_url": str,
}
_REQUIRED = ("rpc_url", "admin_token", "underwriter_key", "operator_key", "commitment_key")


def load(environment: Mapping[str, str]) -> Settings:
    """Reads the settings.

    :raises SettingsError: one is missing, unreadable or of the wrong form
    """
    values: dict[str, object] = {}
    for name, parse in _PARSERS.items():
        text = _text_of(PREFIX + name.upper(), environment)
        if text is None:
            if name in _REQUIRED and not (name == "operator_key" and _is_remote(environment)):
                raise SettingsError(f"{PREFIX}{name.upper()} is missing")
            continue
        try:
            values[name] = parse(text)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}{name.upper()} does not parse: {error}") from error
    values.setdefault("operator_key", Secret(""))
    is_remote = values.get("operator_address") or values.get("signer_wallets")
    if is_remote and not values.get("signer_url"):
        raise SettingsError(f"{PREFIX}SIGNER_URL is missing")
    return Settings(**values)  # type: ignore[arg-type]


def _is_remote(environment: Mapping[str, str]) -> bool:
    """Whether the operator's key is an external signer's."""
    return _text_of(f"{PREFIX}OPERATOR_ADDRESS", environment) is not None


def _text_of(name: str, environment: Mapping[str, str]) -> str | None:
    if name in environment:
        return environment[name]
    path = environment.get(f"{name}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE cannot be read: {path}") from error
