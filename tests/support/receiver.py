"""A small web server that receives webhooks and answers as the test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.loopback import QuietHandler, serving


@dataclass
class Receiver:
    """What was received: headers in lower case, and bodies; `answers` are taken in turn."""

    url: str = ""
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    location: str | None = None


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on loopback for the length of the block."""
    made = Receiver()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length).decode()
            made.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.answers.pop(0) if made.answers else 204)
            if made.location is not None:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Handler) as url:
        made.url = f"{url}/hook"
        yield made
