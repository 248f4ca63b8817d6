"""A proxy before a node that refuses, garbles, delays or loses answers when a test says so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.loopback import QuietHandler, serving

Forward = Callable[[], bytes]
SLOW_SECONDS = 1.5


def passing(_: dict[str, Any], forward: Forward) -> bytes | None:
    return forward()


def down(_: dict[str, Any], __: Forward) -> bytes | None:
    """The connection breaks before anything is asked."""
    return None


def garbage(_: dict[str, Any], __: Forward) -> bytes | None:
    return b"<html>502 Bad Gateway</html>"


def misshapen(request: dict[str, Any], _: Forward) -> bytes | None:
    """An answer by the rules of JSON-RPC that is none by the rules of Ethereum."""
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "0xzz"}).encode()


def slow(_: dict[str, Any], forward: Forward) -> bytes | None:
    """Right, and too late."""
    answer = forward()
    time.sleep(SLOW_SECONDS)
    return answer


def answer_to_send_lost(request: dict[str, Any], forward: Forward) -> bytes | None:
    """Transactions arrive, and nobody hears so."""
    answer = forward()
    return None if request["method"] == "eth_sendRawTransaction" else answer


def transaction_lost(request: dict[str, Any], forward: Forward) -> bytes | None:
    """Transactions do not arrive, although the node says so."""
    if request["method"] == "eth_sendRawTransaction":
        return json.dumps(
            {"jsonrpc": "2.0", "id": request["id"], "result": "0x" + "0" * 64}
        ).encode()
    return forward()


def receipt_lost(request: dict[str, Any], forward: Forward) -> bytes | None:
    if request["method"] == "eth_getTransactionReceipt":
        return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": None}).encode()
    return forward()


@dataclass
class FaultyNode:
    """Where to ask, and what becomes of an answer: None breaks the connection."""

    url: str = ""
    fault: Callable[[dict[str, Any], Forward], bytes | None] = passing
    asked: list[str] = field(default_factory=list)


@contextmanager
def faulty_node(target: str) -> Iterator[FaultyNode]:
    """A proxy on loopback for the length of the block."""
    made = FaultyNode()
    client = httpx.Client(timeout=60)

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = json.loads(body)
            made.asked.append(request["method"])
            headers = {"Content-Type": "application/json"}
            answer = made.fault(
                request, lambda: client.post(target, content=body, headers=headers).content
            )
            if answer is None:
                self.close_connection = True
                return
            try:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:
                self.close_connection = True

    with client, serving(Handler) as made.url:
        yield made
