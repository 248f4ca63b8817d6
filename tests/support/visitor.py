"""A browser's cookies over the bench's client: signs in, reads pages, sends their forms."""

from __future__ import annotations

import re
from typing import Any

from backend.pages.sign_in import personal_hash
from contracts.client.signatures import address_of, sign
from tests.support.api import Bench

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Visitor:
    """A browser's cookies over the bench's client."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.cookies: dict[str, str] = {}

    def _send(self, method: str, path: str, **options: Any) -> Any:
        headers = options.pop("headers", {}) | {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        }
        answer = self.bench.client.request(method, path, headers=headers, **options)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        self.bench.client._client.cookies.clear()
        return answer

    def get(self, path: str, **options: Any) -> Any:
        return self._send("GET", f"/app{path}", **options)

    def post(self, path: str, data: dict[str, Any], **options: Any) -> Any:
        return self._send("POST", f"/app{path}", data=data, **options)

    def token(self, path: str = "/sign-in") -> str:
        found = TOKEN.search(self.get(path).text)
        assert found is not None
        return found[1]

    def sign_in(self, key: str) -> Any:
        return self.post("/sign-in", {"form_token": self.token(), "key": key})

    def sign_in_with(self, key: bytes, **changes: Any) -> Any:
        """Signs in with a wallet; `changes` replace fields after the text was signed."""
        token, wallet = self.token(), address_of(key)
        given = self.get("/sign-in/message", params={"wallet": wallet}).json()
        fields = {
            "form_token": token,
            "wallet": wallet,
            "issued": given["issued"],
            "signature": "0x" + sign(personal_hash(given["message"]), key).hex(),
        }
        return self.post("/sign-in/wallet", fields | changes)
