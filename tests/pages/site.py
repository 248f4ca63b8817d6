"""A demonstration that runs on, and a browser in front of it."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page
from rich.console import Console

from contracts.client.development import person
from contracts.client.messages import Observation, attested, digest
from contracts.client.signatures import address_of, keccak256, sign
from contracts.client.system import Deployment
from scripts.demo.clock import ChainClock, Rpc
from scripts.demo.contracts import System
from scripts.demo.timeline import Timeline

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
WALLET = """
window.ethereum = {
  request: ({ method, params }) => window.testWallet(method, JSON.stringify(params || [])),
};
"""


@dataclass
class Site:
    """The demonstration's folder, its pages, its chain, and the people who use them."""

    folder: Path
    browser: Browser
    errors: list[str] = field(default_factory=list)
    """What failed in a script of a page."""

    @cached_property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "running.json").read_text())
        return found

    # -- what runs ---------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        return f"{self.running['backend']}/app"

    @cached_property
    def deployment(self) -> Deployment:
        return Deployment.read(self.folder / "deployment.json")

    @cached_property
    def system(self) -> System:
        return System(Rpc(self.running["chain"]), Timeline(Console(quiet=True)), self.deployment)

    @cached_property
    def clock(self) -> ChainClock:
        return ChainClock(self.system.rpc, self.system.timeline)

    @cached_property
    def admin_token(self) -> str:
        return (self.folder / "keys" / "flowcover_admin_token.secret").read_text().strip()

    @cached_property
    def platform_key(self) -> str:
        """A key of the demonstration's platform, made now."""
        path = f"/v1/platforms/{self.running['platform']}/keys"
        made = self.api("POST", path, {"label": "pages"}, key=self.admin_token)
        return str(made["key"])

    def api(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {key or self.admin_token}"}
        if method == "POST":
            headers["Idempotency-Key"] = f"pages-{time.monotonic_ns()}"
        url = self.running["backend"] + path
        answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def items(self, path: str) -> list[Any]:
        found: list[Any] = self.api("GET", path)["items"]
        return found

    @cached_property
    def policies(self) -> list[int]:
        """Numbers of the story's policies, the smallest sum insured first."""
        bound = self.items("/v1/policies")
        return [int(p["number"]) for p in sorted(bound, key=lambda p: int(p["sum_insured"]))]

    def leave(self) -> None:
        """Closes what a test opened, and says whether any script failed in it."""
        for context in self.browser.contexts:
            context.close()
        errors, self.errors = self.errors, []
        assert errors == []

    def end(self) -> None:
        for pid in reversed(self.running["pids"]):
            os.kill(pid, signal.SIGTERM)

    # -- people ------------------------------------------------------------------------------------

    def context(self, size: str = "desk", dark: bool = False) -> BrowserContext:
        width, height = SIZES[size]
        return self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )

    def visitor(self, size: str = "desk", dark: bool = False) -> Page:
        """A page of nobody; what fails in its scripts fails its test."""
        page = self.context(size, dark).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def signed_in(self, key: str, size: str = "desk", dark: bool = False) -> Page:
        page = self.visitor(size, dark)
        page.goto(f"{self.root}/sign-in")
        page.get_by_label("Token or API key").fill(key)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def with_wallet(self, who: str, wanted: str = "") -> Page:
        """Somebody who signs in with the wallet in the browser."""
        key = person(who).key
        page = self.visitor()

        def wallet(method: str, params: str) -> Any:
            return _wallet(key, method, json.loads(params))

        page.context.expose_function("testWallet", wallet)
        page.add_init_script(WALLET)
        page.goto(f"{self.root}/sign-in?next={wanted}")
        page.get_by_role("button", name="Sign in with a wallet").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    # -- what happens on the chain -----------------------------------------------------------------

    def outage(self, slots: int = 9) -> int:
        """The members mark the newest ended slots as lost under attack; the first slot's number."""
        length = self.deployment.parameters.slot_length
        while (self.clock.now() // length - 1) % 64 < slots:
            self.clock.advance(length, "")
        first = self.clock.now() // length - slots
        epoch, mask = first // 64, ((1 << slots) - 1) << first % 64
        version = self.system.read("OracleCommittee", "currentVersion")
        rows = self.system.read("OracleCommittee", "members", version)
        seeing = {row[0] for row in rows if row[3]}
        signed = []
        for path in (self.folder / "keys").glob("member-*.key"):
            key = bytes.fromhex(path.read_text().strip()[2:])
            attack = mask if address_of(key) in seeing else 0
            word = Observation(version, 0, epoch, mask, attack, keccak256(b"kept elsewhere"))
            signature = sign(digest(word, self.deployment.domain(word)), key)
            signed.append((address_of(key), attested(word, signature)))
        signed.sort(key=lambda pair: int(pair[0], 16))
        self.system.send(
            person("stranger").key, "an outage", "IncidentRegistry", "attest",
            0, epoch, [observation for _, observation in signed],
        )  # fmt: skip
        return first

    def wait_for(self, what: str, value: Any, seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := value()):
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what} in vain"
            time.sleep(0.3)
        return found


def _wallet(key: bytes, method: str, params: list[Any]) -> Any:
    """What a wallet in the browser answers; it shows nothing and agrees to everything."""
    if method == "eth_requestAccounts":
        return [address_of(key).lower()]
    if method == "personal_sign":
        text = bytes.fromhex(params[0][2:])
        prefix = b"\x19Ethereum Signed Message:\n" + str(len(text)).encode()
        return "0x" + sign(keccak256(prefix + text), key).hex()
    assert method == "eth_signTypedData_v4", method
    from eth_account.messages import encode_typed_data

    document = encode_typed_data(full_message=json.loads(params[1]))
    hashed = keccak256(b"\x19" + document.version + document.header + document.body)
    return "0x" + sign(hashed, key).hex()
