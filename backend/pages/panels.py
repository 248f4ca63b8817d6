"""A page's parts: each is drawn with the page and again, alone, when it asks for news."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from markupsafe import Markup
from starlette.responses import Response

from contracts.client.errors import ChainError

from ..http.problems import Problem
from .sessions import Viewer
from .show import fresh, panel

Load = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part's template and what fills it."""

    name: str
    load: Load


def draw(request: Request, who: Viewer, address: str, part: Part) -> Markup:
    """One part; when the chain's node does not answer, it says so and asks again by itself."""
    at = f"{address}/parts/{part.name}"
    try:
        return panel(request, who, part.name, at, part.load())
    except ChainError as error:
        values = {"part": part.name, "error": type(error).__name__}
        return Markup(str(panel(request, who, "unavailable", at, values)))


def draw_all(
    request: Request, who: Viewer, address: str, parts: Mapping[str, Load]
) -> dict[str, Markup]:
    return {name: draw(request, who, address, Part(name, load)) for name, load in parts.items()}


def answer(
    request: Request, who: Viewer, address: str, parts: Mapping[str, Load], name: str, seen: str
) -> Response:
    """One part alone, or nothing while it is as the page has it.

    :raises Problem: not-found
    """
    if name not in parts:
        raise Problem("not-found", f"no part {name}")
    return fresh(draw(request, who, address, Part(name, parts[name])), seen)
