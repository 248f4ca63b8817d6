"""Expecting a custom error, with its values, whatever way brownie reports it.

A reverted transaction raises `VirtualMachineError`, a reverted call may raise `ValueError`, and
both print the error as `"Name: a, b"` (`"Name: "` without arguments).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brownie.exceptions import VirtualMachineError

CALL_PREFIX = "Call reverted: "


def _printed(value: Any) -> str:
    """How brownie prints one decoded argument of an error."""
    text = str(value)
    if isinstance(value, bytes | bytearray):
        return str(bytes(value))
    if text.startswith("0x") and len(text) == 66:
        return str(bytes.fromhex(text[2:]))
    if text.startswith("0x"):
        return text.lower()
    return text


def _message(error: BaseException) -> str:
    if isinstance(error, VirtualMachineError):
        return error.revert_msg or f"reverted without data ({error.revert_type})"
    text = str(error)
    if text.startswith(CALL_PREFIX):
        return text.removeprefix(CALL_PREFIX)
    raise error


def _values(name: str, text: str, count: int) -> list[str] | None:
    """The printed arguments, or None when the error has another name or number of arguments."""
    found, separator, rest = text.partition(":")
    if found != name:
        return None
    values = rest.strip().split(", ") if separator and rest.strip() else []
    return values if len(values) == count else None


@contextmanager
def reverts_with(error: str, *arguments: Any) -> Iterator[None]:
    """Passes when the block reverts with the custom error `error` carrying exactly `arguments`.

    Arguments are ints, bools, addresses or accounts, bytes or 0x-hex of 32 bytes; `...` stands for
    any value. Without arguments only the name is compared.

    :raises AssertionError: nothing reverted, or something else did; the message shows both.
    """
    try:
        yield
    except (VirtualMachineError, ValueError) as raised:
        text = _message(raised)
        if not arguments:
            assert text.partition(":")[0] == error, f"expected {error}, got {text!r}"
            return
        values = _values(error, text, len(arguments))
        expected = ["..." if a is ... else _printed(a) for a in arguments]
        matches = values is not None and all(
            want == "..." or want == have for want, have in zip(expected, values, strict=True)
        )
        assert matches, f"expected {error}: {', '.join(expected)}; got {text!r}"
        return
    raise AssertionError(f"expected {error}, nothing reverted")
