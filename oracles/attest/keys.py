"""Private keys from files; changes when a form of key file is added."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from eth_account import Account


class KeyFileError(Exception):
    """A key file that must not or cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"key file {path}: {reason}")
        self.path, self.reason = path, reason


def read_secret(path: Path) -> str:
    """The text of a file that only its owner may read. Raises KeyFileError otherwise."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(path, f"cannot be read ({type(error).__name__})") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(path, f"is open to others (mode {stat.S_IMODE(mode):04o}); use 0600")
    return text


def read_key(path: Path, password: str | None) -> bytes:
    """The 32-byte key of a file that holds it in hex, or of an encrypted keystore (Web3 Secret
    Storage). Raises KeyFileError."""
    text = read_secret(path)
    if text.startswith("{"):
        if password is None:
            raise KeyFileError(path, "is a keystore; its password file is not set")
        try:
            return bytes(Account.decrypt(json.loads(text), password))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileError(path, f"cannot be decrypted: {error}") from error
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise KeyFileError(path, "is neither 32 bytes of hex nor a keystore")
    return key
