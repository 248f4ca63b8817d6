"""Every page in a real browser, on the demonstration's ledger: figures, forms, keyboard, looks."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backend.pages.show import money
from contracts.client.development import person
from tests.pages.conftest import ROOT, SHOTS
from tests.pages.site import Site

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SECONDS = 30_000
"""Milliseconds to wait for something that a block or a job brings."""


def pages_of(site: Site) -> dict[str, str]:
    """Name → address of every kind of page, as the insurer may see them."""
    platform = site.running["platform"]
    claim = site.items("/v1/claims")[-1]
    run = claim["run_start"]
    events = site.items("/v1/events?limit=200")
    told = [e["args"]["records"] for e in events if e["name"] == "ObservationsRecorded"]
    evidence = [record["evidenceHash"] for records in told for record in records]
    return {
        "home": "/",
        "insurer": "/insurer",
        "covers": "/covers",
        "cover": f"/covers/{claim['policy']}",
        "referrals": "/referrals",
        "referral": f"/referrals/{claim['id']}",
        "platforms": "/platforms",
        "platform": f"/platforms/{platform}",
        "incidents": "/incidents",
        "incident": f"/incidents/0/{run}?product=1",
        "evidence": f"/evidence/{evidence[0]}",
        "proof": "/proof",
        "ledger": "/ledger",
        "transaction": f"/transactions/{events[-1]['transaction_hash']}",
        "statement-platform": f"/statements/platforms/{platform}",
        "statement-cell": "/statements/cell",
    }


def figure(page: Page, label: str) -> str:
    """The figure under a label of a list of figures."""
    return page.locator(".figures div", has_text=label).locator("dd").first.inner_text().strip()


def settle(page: Page) -> None:
    """Waits until charts, hashes and reasons are there."""
    page.wait_for_load_state("load")
    expect(page.get_by_text("checking …")).to_have_count(0, timeout=SECONDS)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=SECONDS)


def keep_small(page: Page, name: str) -> None:
    """A picture for README: the first screen alone."""
    page.screenshot(path=SHOTS / f"readme-{name}.jpg", type="jpeg", quality=80)


def keep(page: Page, name: str) -> Path:
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


# -- figures ---------------------------------------------------------------------------------------


def test_insurer__solvency__is_what_the_contracts_say(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    assert figure(page, "Assets") == money(site.system.read("Cell", "assets"))
    assert figure(page, "Locked for limits") == money(site.system.read("Cell", "locked"))
    assert figure(page, "Free") == money(site.system.read("Cell", "free"))
    expect(page.get_by_text("held covers owed")).to_be_visible()


def test_insurer__claims_paid__leads_to_the_transactions_that_paid(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    paid = sum(int(payout["amount"]) for payout in site.items("/v1/payouts"))
    assert figure(page, "Claims paid") == money(paid)
    page.locator(".figures div", has_text="Claims paid").get_by_role("link").click()
    page.get_by_role("link", name=re.compile("^0x")).first.click()
    expect(page.get_by_role("heading", name="What it did")).to_be_visible()


def test_insurer__observers__are_the_committee_with_every_round(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    rows = page.locator("#part-observers tbody tr")
    assert rows.count() == 4
    expect(page.locator("#part-audit")).to_contain_text("no difference")
    keep_small(page, "insurer")


def test_cover__premium__is_what_the_contract_says_to_the_unit(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    page.goto(f"{site.root}/covers/{site.policies[0]}")
    shown = page.locator("[data-ticking]")
    units, time = int(shown.get_attribute("data-units")), int(shown.get_attribute("data-at"))
    earned, _ = site.system.read("PolicyBook", "premiumAt", site.policies[0], time)
    assert units == earned
    file = page.request.get(f"{site.root}/covers/{site.policies[0]}/premium.csv").text()
    rows = {int(row["chain_time"]): row for row in csv.DictReader(io.StringIO(file))}
    assert int(rows[time]["consumed_token_units"]) == earned


def test_cover__running_premium__ticks_by_itself(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    page.goto(f"{site.root}/covers/{site.policies[0]}")
    shown = page.locator("[data-ticking]")
    before = shown.inner_text()
    expect(shown).not_to_have_text(before, timeout=SECONDS)


def test_cover__score_under_attack__has_reasons_and_remedies_with_savings(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    page.goto(f"{site.root}/covers/{site.policies[-1]}")
    settle(page)
    part = page.locator("#reasons")
    part.get_by_role("button", name="Highest score").click()
    expect(part.get_by_role("heading", name="What raises it")).to_be_visible(timeout=SECONDS)
    savings = part.locator("tbody tr td:last-child").all_inner_texts()
    assert any(float(saved.replace(",", "")) > 0 for saved in savings)
    keep(page, "cover-reasons")
    page.evaluate("scrollTo(0, 0)")
    keep_small(page, "cover")


def test_platform__sales__are_those_of_its_ledger(site: Site) -> None:
    page = site.signed_in(site.platform_key)
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo shop")
    assert figure(page, "Certificates signed") == "1,000"
    page.get_by_role("link", name="Monthly statement").click()
    expect(page.locator("tfoot").first).to_contain_text("1,000")


def test_incident__each_bundle_held__hashes_to_its_name_in_the_browser(site: Site) -> None:
    page = site.visitor()
    page.goto(site.root + pages_of(site)["incident"])
    settle(page)
    marks = page.locator("[data-hash-of]")
    assert marks.count() > 0
    assert set(marks.all_inner_texts()) == {"hash fits"}


# -- the proof page --------------------------------------------------------------------------------


def certificate(site: Site, serial: int) -> dict[str, Any]:
    bordereau = site.items("/v1/bordereaux")[0]
    found: dict[str, Any] = site.api("GET", f"/v1/certificates/{bordereau['series']}/{serial}")
    return found


def verdict(site: Site, text: str, node: str = "", picture: str = "") -> str:
    page = site.visitor()
    page.goto(f"{site.root}/proof")
    page.get_by_label("Certificate (JSON").fill(text)
    if node:
        page.get_by_text("Ask a node of your own choice").click()
        page.get_by_label("JSON-RPC address").fill(node)
    page.get_by_role("button", name="Check it").click()
    title = page.locator(".verdict-title")
    expect(title).not_to_have_text("Checking …", timeout=SECONDS)
    found = f"{title.inner_text()}\n{page.locator('[data-result]').inner_text()}"
    if picture:
        keep_small(page, picture)
    page.context.close()
    return found


def paid_serial(site: Site) -> int:
    """A serial that the flood paid."""
    events = site.items("/v1/events?limit=200")
    claimed = next(e for e in events if e["name"] == "CertificatesClaimed")
    return int(claimed["args"]["indices"][2:10], 16)


def test_proof__certificate_paid_by_the_flood__is_included_and_paid(site: Site) -> None:
    given = certificate(site, paid_serial(site))
    found = verdict(site, json.dumps(given, indent=1), site.running["chain"], "proof")
    amount = money(int(given["certificate"]["sum_insured"]))
    assert found.startswith(f"Genuine, included, and paid {amount}")
    assert "Your own node says the same" in found


def test_proof__certificate_whose_cover_had_ended__is_included_and_due_nothing(site: Site) -> None:
    found = verdict(site, json.dumps(certificate(site, 0)))
    assert found.startswith("Genuine and included; nothing is due")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sum_insured", "99000000"),
        ("holder", "0x00000000000000000000000000000000000000aa"),
        ("start", 1),
        ("serial", 1),
        ("transaction_hash", "0x" + "00" * 32),
        ("premium", "0"),
    ],
)
def test_proof__one_field_changed__is_rejected(site: Site, field: str, value: object) -> None:
    given = certificate(site, 0)
    given["certificate"][field] = value
    found = verdict(site, json.dumps(given))
    assert found.startswith("Not a good certificate")
    assert "not the underwriter" in found


def test_proof__signature_of_another_certificate__is_rejected(site: Site) -> None:
    given = certificate(site, 0)
    given["signature"] = certificate(site, 1)["signature"]
    assert verdict(site, json.dumps(given)).startswith("Not a good certificate")


def test_proof__no_certificate_at_all__says_so(site: Site) -> None:
    assert "This is no JSON" in verdict(site, "hello")


def test_proof__node_that_knows_another_chain__is_named(site: Site) -> None:
    found = verdict(site, json.dumps(certificate(site, 0)), site.running["backend"] + "/health")
    assert found.startswith("Not a good certificate")


# -- four eyes -------------------------------------------------------------------------------------


def test_referral__two_assessors_in_the_browser__pay_the_claim_through_the_outbox(
    site: Site,
) -> None:
    watcher = site.signed_in(site.admin_token)
    expect(watcher.locator("#part-referrals")).to_contain_text("Nothing waits")
    first = site.outage()
    parameters = site.deployment.parameters
    site.clock.advance(parameters.max_report_delay + 30, "")
    link = watcher.locator("#part-referrals a.button", has_text="Decide")
    expect(link).to_be_visible(timeout=2 * SECONDS)  # the queue shows it by itself
    keep(watcher, "insurer-referral")
    (claim,) = site.items("/v1/referrals")
    assert claim["run_start"] == first
    opens = int(claim["decide_from"]) + 1
    site.clock.advance_to(opens, "")
    address = f"/referrals/{claim['id']}"
    for who in ("assessor_a", "assessor_b"):
        page = site.with_wallet(who, f"/app{address}")
        page.get_by_label("Approve").check()
        page.get_by_label("Reason", exact=True).fill("The slots and their evidence agree")
        if who == "assessor_a":
            keep(page, "referral-form")
        page.get_by_role("button", name="Sign with a wallet and send").click()
        row = page.locator("#part-decisions tr", has_text=person(who).address[:8])
        expect(row).to_contain_text("approves", timeout=2 * SECONDS)
        if who == "assessor_a":  # the same eyes do not count twice
            page.goto(site.root + address)
            expect(page.get_by_text("A second assessor, not you")).to_be_visible()
            assert page.locator("[data-decision]").count() == 0
    expect(page.locator("#part-decisions")).to_contain_text("paid after review", timeout=SECONDS)
    expect(watcher.locator("#part-referrals")).to_contain_text("Nothing waits", timeout=SECONDS)
    paid = [p for p in site.items("/v1/payouts") if p["claim"] == claim["id"] and p["reviewed"]]
    assert [int(p["amount"]) for p in paid] == [int(claim["scheduled"])]


def test_wallet__holder__sees_own_covers_and_no_insurers_page(site: Site) -> None:
    page = site.with_wallet("holder")
    expect(page.get_by_role("heading", level=1)).to_have_text("My covers")
    assert page.locator("tbody tr").count() == 3
    assert page.goto(f"{site.root}/insurer").status == 403
    assert page.goto(f"{site.root}/referrals").status == 403


# -- keyboard, looks, access -----------------------------------------------------------------------


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))


def press_until(page: Page, wanted: str, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page).startswith(wanted):
            return
    raise AssertionError(f"{wanted} was not reached with the keyboard; last {focused(page)}")


def test_keyboard__alone__signs_in_and_opens_a_policy_and_its_table(site: Site) -> None:
    page = site.visitor()
    page.goto(f"{site.root}/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    press_until(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in*")
    assert focused(page) == "key"
    page.keyboard.type(site.admin_token)
    page.keyboard.press("Enter")
    page.wait_for_url("**/insurer")
    press_until(page, "Covers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/covers")
    press_until(page, f"Policy {site.policies[0]}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/covers/{site.policies[0]}")
    press_until(page, "The same as a table")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page.locator("details[open]").first).to_be_visible()
    expect(page.locator("#part-premium [data-ticking]")).to_be_visible()
    page.wait_for_timeout(4_000)  # a part does not take the focus away when it has news
    assert "The same as a table" in focused(page)


def test_theme__button__changes_it_and_the_next_page_keeps_it(site: Site) -> None:
    page = site.visitor()
    page.goto(f"{site.root}/")
    page.get_by_role("button", name="Change between light and dark").click()
    page.goto(f"{site.root}/incidents")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_every_page__both_sizes__fits_and_breaks_no_rule_of_the_browser(
    site: Site, size: str
) -> None:
    page = site.signed_in(site.admin_token, size)
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if m.type == "error" else None)
    wide = {}
    for name, address in pages_of(site).items():
        page.goto(site.root + address)
        settle(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > page.viewport_size["width"]:
            wide[name] = width
        keep(page, f"{name}-{size}")
    assert (wide, refused) == ({}, [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page__axe__finds_no_serious_violation(site: Site, dark: bool) -> None:
    page = site.signed_in(site.admin_token, dark=dark)
    found = []
    for name, address in {**pages_of(site), "error": "/no-such-page"}.items():
        page.goto(site.root + address)
        settle(page)
        page.evaluate(AXE)
        result = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
        found += [
            (name, violation["id"], node["target"], node["failureSummary"])
            for violation in result["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        if dark:
            keep(page, f"{name}-dark")
    assert found == []


def test_statements__on_paper__show_no_controls(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    for name in ("statement-platform", "statement-cell"):
        page.goto(site.root + pages_of(site)[name])
        page.emulate_media(media="print")
        expect(page.locator("header.bar")).to_be_hidden()
        expect(page.get_by_role("button", name="Print")).to_be_hidden()
        page.pdf(path=SHOTS / f"{name}.pdf", format="A4")
        keep(page, f"{name}-print")
        page.emulate_media(media="screen")


def test_live_page__backend_out_of_reach__says_so_and_keeps_its_figures(site: Site) -> None:
    page = site.signed_in(site.admin_token)
    before = figure(page, "Assets")
    page.context.set_offline(True)
    expect(page.get_by_text("The connection is lost")).to_be_visible(timeout=SECONDS)
    assert figure(page, "Assets") == before
    page.context.set_offline(False)
    expect(page.get_by_text("The connection is lost")).to_be_hidden(timeout=SECONDS)
