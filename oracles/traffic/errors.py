"""Errors of sources; changes when a source can fail in a new way that callers tell apart."""

from __future__ import annotations

from pathlib import Path


class SourceError(Exception):
    """A source that cannot be read at all; single bad records are quarantined instead."""

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class MalformedCapture(SourceError):
    """A packet capture whose file header or compression is not what it says."""


class MalformedLog(SourceError):
    """A flow log without a usable header or record."""


class UnsupportedSource(SourceError):
    """Content that no adapter recognises."""
