"""What a platform does on its page in a real browser: keys, messages, staged incidents; and the
proof of a certificate whose bordereau was committed by its root."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from backend.pages.show import money, short
from tests.pages.site import Site
from tests.pages.test_pages import SECONDS, figure, keep, settle, verdict
from tests.support.receiver import receiver

COIN = 10**6
SOLD = 1_200
INSURED = 20 * COIN
SERIAL = 777


def own_page(site: Site) -> Page:
    page = site.signed_in(site.platform_key)
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo shop")
    return page


# -- keys and messages -----------------------------------------------------------------------------


def test_key__made_and_revoked_on_the_page__works_in_between(site: Site) -> None:
    page, label = own_page(site), f"one day only {secrets.token_hex(3)}"
    page.get_by_label("What it is for").fill(label)
    for scope in ("sell", "bind", "fund"):
        page.get_by_label(scope, exact=True).uncheck()
    page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label(f"Key “{label}”").input_value()
    keep(page, "key-made")
    assert site.api("GET", "/v1/bordereaux?limit=1", key=secret)["items"]
    page.get_by_role("link", name="I have copied it").click()
    assert secret not in page.content()
    row = page.locator("#part-keys tr", has_text=label)
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked")
    site.wait_for("the key's end", lambda: refused(site, secret), 10)


def refused(site: Site, secret: str) -> bool:
    try:
        site.api("GET", "/v1/bordereaux?limit=1", key=secret)
    except AssertionError:
        return True
    return False


def test_message__sent_again_on_the_page__arrives_twice_with_one_id(site: Site) -> None:
    with receiver() as there:
        made = site.api("POST", "/v1/webhook-endpoints", {"url": there.url}, site.platform_key)
        ping = f"/v1/webhook-endpoints/{made['id']}:ping"
        sent = site.api("POST", ping, None, site.platform_key)
        page = own_page(site)
        button = page.get_by_role("button", name=f"Send ping {short(sent['id'])} again")
        expect(button).to_be_visible(timeout=SECONDS)
        keep(page, "platform-webhooks")
        button.click()
        site.wait_for("the second attempt", lambda: len(there.received) >= 2)
        site.api("POST", f"/v1/webhook-endpoints/{made['id']}:disable", None, site.platform_key)
    assert len({headers["webhook-id"] for headers, _ in there.received}) == 1


# -- the sandbox ----------------------------------------------------------------------------------


def test_sandbox__incident_staged_on_the_page__shows_as_each_member_marked_it(site: Site) -> None:
    page = own_page(site)
    page.get_by_label("Seconds lost").fill("40")
    page.get_by_role("button", name="Stage an incident").click()
    expect(page.get_by_text("is staged")).to_be_visible(timeout=SECONDS)
    keep(page, "platform-staged")
    site.wait_for("the block", lambda: picture(page), 30)
    settle(page)
    expect(page.get_by_role("heading", name="Who marked which slot")).to_be_visible()
    assert figure(page, "Lost").startswith("40 s")
    page = own_page(site)
    before = site.clock.now()
    page.get_by_label("Move the chain's clock on by seconds").fill("120")
    page.get_by_role("button", name="Move the clock").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo shop", timeout=SECONDS)
    assert site.clock.now() >= before + 120


def picture(page: Page) -> bool:
    """Opens the staged incident; False while its block is not indexed."""
    address = page.get_by_role("link", name="Its slots and payments").get_attribute("href")
    answer = page.goto(page.url.partition("/app/")[0] + str(address))
    if answer is not None and answer.ok:
        return True
    page.go_back()
    return False


# -- a committed bordereau ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def committed(site: Site) -> dict[str, Any]:
    """A certificate whose bordereau was committed by its root, in a series that pays holders."""
    key, risk = site.platform_key, site.items("/v1/policies")[0]["risk"]
    site.api("POST", "/v1/sandbox/scores", {"risk": risk, "score": 2_000}, key)
    wish = {
        "platform": site.running["platform"], "product": 2, "risk": risk,
        "exposure": str(SOLD * INSURED), "serials": SOLD, "pays": "holders",
    }  # fmt: skip
    series = site.api("POST", "/v1/series", wish)["id"]
    site.wait_for("the series", lambda: known(site, series))
    for first in range(0, SOLD, 1_000):
        transactions = [
            {
                "holder": f"0x{0xB000 + number:040x}",
                "transaction_hash": "0x" + secrets.token_hex(32),
                "sum_insured": str(INSURED),
            }
            for number in range(first, min(first + 1_000, SOLD))
        ]
        body = {"series": series, "transactions": transactions}
        site.api("POST", "/v1/transactions:coverBatch", body, key)
    site.api("POST", "/v1/bordereaux", {"series": series}, key)
    site.wait_for("the commitment", lambda: bordereau_of(site, series))
    found: dict[str, Any] = site.api("GET", f"/v1/certificates/{series}/{SERIAL}")
    return found


def known(site: Site, series: str) -> bool:
    return any(row["id"] == series for row in site.items("/v1/series"))


def bordereau_of(site: Site, series: str) -> dict[str, Any] | None:
    rows = site.items("/v1/bordereaux")
    return next((b for b in rows if b["series"] == series and b["leaf_file_hash"]), None)


def test_proof__committed_certificate__is_included_by_its_sum_tree(
    site: Site, committed: dict[str, Any]
) -> None:
    found = verdict(site, json.dumps(committed), site.running["chain"], "proof-committed")
    assert found.startswith("Genuine")
    assert "committed on the chain" in found
    assert f"adds up to {money(SOLD * INSURED)}" in found
    assert "Your own node says the same" in found


def other_neighbour(facts: dict[str, Any]) -> None:
    path = facts["bordereau"]["proof"]
    path[0] = "0x" + "77" * 32


def larger_sum(facts: dict[str, Any]) -> None:
    """A neighbour counts one unit more than it does."""
    path = facts["bordereau"]["proof"]
    hashes = len(path) * 4 // 5
    word = bytearray.fromhex(path[hashes][2:])
    word[7] += 1
    path[hashes] = "0x" + word.hex()


def exposure_of_another(facts: dict[str, Any]) -> None:
    facts["bordereau"]["exposure"] = str(SOLD * INSURED + COIN)


def record_of_another(facts: dict[str, Any]) -> None:
    leaf = facts["bordereau"]["leaf"]
    facts["bordereau"]["leaf"] = leaf[:-2] + ("00" if leaf[-2:] != "00" else "01")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_neighbour, "path leads to"),
        (larger_sum, "path leads to"),
        (exposure_of_another, "path counts"),
        (record_of_another, "another record"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_proof__site_lies_about_a_committed_bordereau__is_rejected(
    site: Site, committed: dict[str, Any], change: Callable[[dict[str, Any]], None], words: str
) -> None:
    page = site.visitor()

    def lie(route: Route) -> None:
        answer = route.fetch()
        facts = answer.json()
        change(facts)
        route.fulfill(response=answer, json=facts)

    page.route(re.compile(r"/proof/0x"), lie)
    page.goto(f"{site.root}/proof")
    page.get_by_label("Certificate (JSON").fill(json.dumps(committed))
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".verdict-title")).to_have_text("Not a good certificate", timeout=SECONDS)
    expect(page.locator("[data-result]")).to_contain_text(words)


def test_proof__committed_certificate_changed__is_rejected(
    site: Site, committed: dict[str, Any]
) -> None:
    given = json.loads(json.dumps(committed))
    given["certificate"]["salt"] = "0x" + "00" * 32
    assert "not the underwriter" in verdict(site, json.dumps(given))
