"""What a call can end with besides its answer."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A problem document: `kind` is the last part of its type, `fields` are all of its members."""

    def __init__(self, status: int, fields: dict[str, Any]) -> None:
        self.status = status
        self.kind = str(fields.get("type", "")).rsplit("/", 1)[-1]
        self.fields = fields
        super().__init__(f"{self.kind or status}: {fields.get('detail', '')}")


class Unreachable(Exception):
    """No answer, after all repetitions; a write may or may not have happened: repeat the call."""
