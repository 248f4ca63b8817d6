"""The demonstration's keys: made anew for each run, in files that only their owner may read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account


@dataclass(frozen=True)
class KeyFile:
    name: str
    path: Path
    address: str
    key: bytes


def new_key(folder: Path, name: str) -> KeyFile:
    """A fresh key in `<folder>/<name>.key`, mode 0600, as 0x-hex."""
    key = secrets.token_bytes(32)
    return keep_key(folder, name, key)


def keep_key(folder: Path, name: str, key: bytes) -> KeyFile:
    """Writes a key to `<folder>/<name>.key`, mode 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("0x" + key.hex() + "\n")
    return KeyFile(name, path, Account.from_key(key).address, key)
