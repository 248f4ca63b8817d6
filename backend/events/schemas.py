"""Answer bodies of ledger events."""

from __future__ import annotations

from typing import Any

from ..http.schemas import Body


class EventOut(Body):
    """One event; integers in `args` are text. `cursor` continues after this event."""

    cursor: str
    contract: str
    name: str
    subject: str
    args: dict[str, Any]
    block_number: int
    block_hash: str
    log_index: int
    transaction_hash: str
    time: int


class EventPage(Body):
    """`next_cursor` is null at the end; later go on after the last event's `cursor`."""

    items: list[EventOut]
    next_cursor: str | None


def plain(value: Any) -> Any:
    """Event values with integers as text, so that no client rounds them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value
