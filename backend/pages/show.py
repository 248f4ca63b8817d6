"""How figures look on a page, and how templates get them: money, rates, times, hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from .sessions import Viewer

COIN_DECIMALS = 6
FOLDER = Path(__file__).parent
PERILS = {0: "service attack", 1: "service outage", 2: "dependency outage"}
FORMS = {0: "streamed", 1: "per transaction"}


def money(units: int, places: int = 2) -> str:
    """Token units as coins; what is not zero is never shown as zero."""
    scale = 10**COIN_DECIMALS
    sign, units = ("−", -units) if units < 0 else ("", units)
    if units and units < scale // 10**places:
        places = COIN_DECIMALS
    shown = units // 10 ** (COIN_DECIMALS - places)
    whole, part = divmod(shown, 10**places)
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


def percent(rate: int, one: int = 10**18) -> str:
    """A share of `one` in per cent, two places, rounded to the nearest."""
    hundredths = (rate * 10_000 + one // 2) // one
    return f"{hundredths // 100:,}.{hundredths % 100:02d} %"


def share(part: int, whole: int) -> str:
    return percent(part, whole) if whole else "–"


def clock(time: int | None) -> str:
    """A second of chain time, UTC."""
    if time is None:
        return "–"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: int) -> str:
    """Seconds in the largest units that say it exactly enough for people."""
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}".replace(".0 ", " ")
    return f"{seconds} s"


def short(text: str) -> str:
    """The ends of a hash or address."""
    return text if len(text) <= 14 else f"{text[:8]}…{text[-4:]}"


def words(name: str) -> str:
    """A name of the code as words: `PolicyBound` and `policy_bound` as "policy bound"."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name.replace("_", " "))
    return spaced.strip()


SHOWN: dict[str, Callable[[int], str]] = {
    "amount": money, "premium": money, "refund": money, "balance": money, "sumInsured": money,
    "lossPerHour": money, "rate": percent, "loading": percent, "start": clock, "end": clock,
    "decideFrom": clock, "deadline": clock, "at": clock,
}  # fmt: skip
"""How values of events are shown, by name."""
UNTOLD = {"table", "dependencies", "lostMask", "attackMask", "policy", "claim", "subject"}


def told(detail: str) -> str:
    """A step's detail, `name value, name value`, in people's units."""
    pairs = []
    for part in detail.split(", "):
        name, _, value = part.partition(" ")
        if name in UNTOLD:
            continue
        if name == "rate" and " to " in value:
            before, _, after = value.partition(" to ")
            pairs.append(f"rate {percent(int(before))} to {percent(int(after))}")
        elif name in SHOWN and value.isdigit():
            pairs.append(f"{words(name)} {SHOWN[name](int(value))}")
        elif value in ("True", "False"):
            pairs.append(words(name) if value == "True" else f"not {words(name)}")
        else:
            pairs.append(f"{words(name).rstrip(' _')} {value}")
    return ", ".join(pairs)


def as_data(value: Any) -> str:
    """JSON for a data attribute."""
    return json.dumps(value, separators=(",", ":"))


class Templates:
    """The templates, with what all pages share."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "money": money, "percent": percent, "clock": clock, "iso": iso, "short": short,
            "duration": duration, "words": words, "told": told, "as_data": as_data,
        }  # fmt: skip
        self._environment.globals |= {"share": share, "perils": PERILS, "forms": FORMS}

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(values)


def page(
    request: Request, who: Viewer, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A whole page."""
    return HTMLResponse(_text(request, who, template, values), status)


def _text(request: Request, who: Viewer, template: str, values: Mapping[str, Any]) -> str:
    state = request.app.state
    common = {
        "root": request.scope["root_path"],
        "path": request.scope["path"],
        "who": who,
        "form_token": state.sessions.form_token(who) if who.nonce else "",
        "mode": state.services.settings.mode,
    }
    text: str = state.templates.text(template, {**common, **values})
    return text


def panel(
    request: Request, who: Viewer, name: str, address: str, values: Mapping[str, Any]
) -> Markup:
    """A part of a page that looks for news by itself at its own address.

    The part carries a mark of its content, and `fresh` answers with nothing while it still holds.
    """
    inside = _text(request, who, f"panels/{name}.html", values)
    seen = hashlib.sha256(inside.encode()).hexdigest()[:16]
    whole = _text(
        request, who, "panel.html",
        {"name": name, "address": address, "seen": seen, "inside": Markup(inside)},
    )  # fmt: skip
    return Markup(whole)


def fresh(part: Markup, seen: str) -> Response:
    """A part as an answer, or 204 when the page shows it already."""
    if seen and f"seen={seen}" in part[:600]:
        return Response(status_code=204)
    return HTMLResponse(part)
