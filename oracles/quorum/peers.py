"""Sends a member's own messages to the others until each has them; changes when the way between
members does.

Each peer has a thread of its own, so a slow or dead one delays nobody. What a peer has not taken
stays in its letter box, the newest messages first to survive.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import httpx

from oracles.attest.messages import Signed, to_wire

MOST_WAITING: Final = 256
RETRY_S: Final = 1.0


class Post(Protocol):
    """Posts JSON to a URL; True when the other side has taken it."""

    def __call__(self, url: str, body: dict[str, Any]) -> bool: ...


class HttpPost:
    """Posts over HTTP with a deadline for the whole exchange."""

    def __init__(self, timeout_s: float = 5.0) -> None:
        self._client = httpx.Client(timeout=timeout_s)

    def __call__(self, url: str, body: dict[str, Any]) -> bool:
        try:
            answer = self._client.post(
                url, content=json.dumps(body), headers={"content-type": "application/json"}
            )
        except httpx.HTTPError:
            return False
        return answer.is_success

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


class LetterBox:
    """What one peer has not taken yet."""

    def __init__(self, url: str, post: Post, told: Callable[[str, bool], None]) -> None:
        self.url = url
        self._post = post
        self._told = told
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MOST_WAITING)
        self._news = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"to {url}", daemon=True)

    def start(self) -> None:
        """Begins to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Delivers no more; returns when the thread has ended."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
        self._thread.join()

    def put(self, wire: dict[str, Any]) -> None:
        """Adds a message."""
        with self._news:
            self._waiting.append(wire)
            self._news.notify_all()

    def waiting(self) -> int:
        """How many messages the peer has not taken."""
        with self._news:
            return len(self._waiting)

    def deliver(self) -> bool:
        """Posts what is waiting; True when nothing waits any more."""
        with self._news:
            batch = list(self._waiting)
        if not batch:
            return True
        taken = self._post(f"{self.url}/gossip", {"messages": batch})
        self._told(self.url, taken)
        with self._news:
            while taken and batch and self._waiting and self._waiting[0] is batch[0]:
                self._waiting.popleft()
                batch.pop(0)
            return not self._waiting

    def _run(self) -> None:
        while True:
            idle = self.deliver()
            with self._news:
                if self._stopped:
                    return
                if idle and not self._waiting:
                    self._news.wait()
                elif not idle:
                    self._news.wait(RETRY_S)


class Peers:
    """The letter boxes of all other members. ``told`` hears of each try: url, taken."""

    def __init__(self, urls: Sequence[str], post: Post, told: Callable[[str, bool], None]) -> None:
        self._boxes = [LetterBox(url, post, told) for url in urls]

    def start(self) -> None:
        """Begins to deliver."""
        for box in self._boxes:
            box.start()

    def stop(self) -> None:
        """Ends the threads."""
        for box in self._boxes:
            box.stop()

    def waiting(self) -> dict[str, int]:
        """How many messages each peer has not taken, by its URL."""
        return {box.url: box.waiting() for box in self._boxes}

    def offer(self, signed: Signed) -> None:
        """Sends an own message to all peers."""
        self.offer_each([signed])

    def offer_each(self, versions: Sequence[Signed]) -> None:
        """Sends the versions of a message to the peers in turn."""
        wires = [to_wire(signed) for signed in versions]
        for i, box in enumerate(self._boxes):
            box.put(wires[i % len(wires)])
