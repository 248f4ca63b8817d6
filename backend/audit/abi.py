"""Events, calls and views as the audit declares them itself, and their decoding.

A declaration is Solidity's own notation. A test compares it with the compiled contracts, so that
none is missing and none is misread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from eth_abi import decode, encode
from eth_utils import keccak

WORD = re.compile(r"\s+")


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    indexed: bool
    parts: tuple[Field, ...] = ()

    def value(self, raw: Any) -> Any:
        """A decoded value in plain Python: structs as dicts, addresses lower case."""
        if self.type.endswith("[]") and self.parts:
            one = Field(self.name, self.type[:-2], False, self.parts)
            return [one.value(item) for item in raw]
        if self.parts:
            return {part.name: part.value(v) for part, v in zip(self.parts, raw, strict=True)}
        if self.type == "address":
            return str(raw).lower()
        if self.type == "address[]":
            return [str(item).lower() for item in raw]
        return list(raw) if isinstance(raw, tuple) else raw


@dataclass(frozen=True)
class Declaration:
    name: str
    fields: tuple[Field, ...]

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(field.type for field in self.fields)})"

    @property
    def topic(self) -> bytes:
        return keccak(text=self.signature)

    @property
    def selector(self) -> bytes:
        return self.topic[:4]

    def decode_log(self, topics: tuple[bytes, ...], data: bytes) -> dict[str, Any]:
        """Arguments of an event by name."""
        indexed = [f for f in self.fields if f.indexed]
        plain = [f for f in self.fields if not f.indexed]
        values = dict(
            zip([f.name for f in plain], decode([f.type for f in plain], data), strict=True)
        )
        for field, topic in zip(indexed, topics[1:], strict=True):
            (values[field.name],) = decode([field.type], topic)
        return {f.name: f.value(values[f.name]) for f in self.fields}

    def decode_call(self, data: bytes) -> dict[str, Any]:
        """Arguments of a call by name; the selector must be this one."""
        if data[:4] != self.selector:
            raise ValueError(f"calldata is not of {self.signature}")
        raw = decode([f.type for f in self.fields], data[4:])
        return {f.name: f.value(v) for f, v in zip(self.fields, raw, strict=True)}

    def encode_call(self, *arguments: Any) -> bytes:
        return self.selector + encode([f.type for f in self.fields], arguments)


def split(text: str) -> list[str]:
    """Splits at commas outside parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def field_of(text: str) -> Field:
    """Reads `uint16 indexed product` or `(uint8 peril,address cell)[] terms`."""
    parts: tuple[Field, ...] = ()
    if text.startswith("("):
        close = text.rindex(")")
        parts = tuple(field_of(part) for part in split(text[1:close]))
        tail = text[close + 1 :]
        array = "[]" if tail.startswith("[]") else ""
        words = tail.removeprefix("[]").split()
        kind = f"({','.join(part.type for part in parts)}){array}"
    else:
        kind, *words = text.split()
    indexed = "indexed" in words
    names = [word for word in words if word != "indexed"]
    return Field(names[0] if names else "", kind, indexed, parts)


def declare(text: str) -> Declaration:
    """Reads one declaration, for example `CapSet(uint8 indexed dimension, uint128 cap)`."""
    text = WORD.sub(" ", text).strip()
    name, rest = text.split("(", 1)
    return Declaration(name, tuple(field_of(part) for part in split(rest.rsplit(")", 1)[0])))
