"""What the demonstration asks of the backend, as a platform's engineer would over HTTP."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from scripts.demo.processes import HTTP, CallRefused, DemoFailed, Processes

TRIES = 3


@dataclass
class Api:
    """One caller with one key; writes carry a fresh idempotency key, so that a request the node had
    no answer for (503) can be repeated."""

    url: str
    key: str
    group: Processes

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        for again in range(TRIES, 0, -1):
            try:
                answer = HTTP.request(method, self.url + path, headers=headers, **options)
            except httpx.HTTPError as error:
                self.group.look()
                raise DemoFailed(f"the backend does not answer {method} {path}: {error}") from error
            if answer.status_code != 503 or again == 1:
                break
            self.group.look(1.0)
        if answer.status_code >= 400:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer.json()

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, json=body)

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, **query, limit=200, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def settled(self, answer: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Waits until the transaction of a 202 answer is final; CallRefused if it reverted."""
        identifier = answer["transaction"]["id"]
        deadline = time.monotonic() + seconds
        while True:
            entry: dict[str, Any] = self.get(f"/v1/chain-transactions/{identifier}")
            if entry["status"] == "final":
                return entry
            if entry["status"] == "failed":
                name = str((entry["error"] or {}).get("name", "unknown"))
                raise CallRefused(str(entry["purpose"]), name, str(entry["error"]))
            self.group.look()
            if time.monotonic() > deadline:
                raise DemoFailed(f"{entry['purpose']} is still {entry['status']} after {seconds} s")
            time.sleep(0.1)
