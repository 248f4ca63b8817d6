"""Pages without a browser: who may see what, and what no page may do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from backend.chain.tables import LedgerEvent
from backend.committee.accountability import lanes_of
from backend.evidence import Evidence
from backend.pages.app import LIBRARIES, NODE_MODULES
from backend.pages.finances import running
from backend.pages.show import FOLDER, iso, money, percent, told
from backend.pages.sign_in import message_of, personal_hash
from backend.pages.statements import Period
from contracts.client.messages import AssessorDecision, digest
from contracts.client.signatures import address_of, keccak256, sign
from contracts.client.system import CONTRACTS
from tests.support.api import ADMIN, DEPLOYMENT, OTHER, PLATFORM, Bench
from tests.support.visitor import Visitor

CLAIM = f"0x{1 << 64 | 5:064x}"
ASSESSOR = keccak256(b"an assessor of the tests")
SECOND = keccak256(b"another assessor of the tests")
STRANGER = keccak256(b"no assessor")


@pytest.fixture
def visitor(bench: Bench) -> Visitor:
    return Visitor(bench)


def claim_in_review(bench: Bench, decide_from: int = 0) -> None:
    """A policy's claim that waits for assessors, on a bench whose contracts know two of them."""
    bench.product()
    bench.event(
        "PolicyBook", "PolicyBound",
        policy=1, quoteDigest="0x" + "11" * 32, product=1, risk=0, holder=PLATFORM.address,
        applicant=PLATFORM.address, payer=PLATFORM.address, sumInsured=10**9, lossPerHour=10**9,
        rate=10**16, loading=0, premium=10**6, start=bench.market.time,
        end=bench.market.time + 86_400,
    )  # fmt: skip
    bench.event(
        "ClaimsDesk", "ClaimScheduled",
        claim=CLAIM, policy=1, amount=8_750_000_000, decideFrom=decide_from or bench.market.time,
        deadline=bench.market.time + 600,
    )  # fmt: skip
    known = {address_of(ASSESSOR), address_of(SECOND)}
    bench.contracts.views["Authority", "hasRole"] = lambda _, who: [who in known, 0]


def decision(bench: Bench, key: bytes, approve: bool = True) -> dict[str, str]:
    """The fields of a decision form, signed."""
    deadline = bench.market.time + 300
    reason = keccak256(b"as the slots say")
    message = AssessorDecision(bytes.fromhex(CLAIM[2:]), approve, reason, deadline)
    signature = sign(digest(message, DEPLOYMENT.domain(message)), key)
    return {
        "word": "approve" if approve else "refuse",
        "reason": "as the slots say",
        "deadline": str(deadline),
        "signature": "0x" + signature.hex(),
    }


# -- signing in --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/insurer", "/covers", "/platform", "/platforms", "/referrals"])
def test_page__nobody_signed_in__leads_to_the_sign_in_page(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/app/sign-in?next=/app{path}"


def test_sign_in__wrong_key__says_so_and_sets_no_session(visitor: Visitor) -> None:
    answer = visitor.sign_in("fc_test_no-such-key")
    assert answer.status_code == 401
    assert "unknown, revoked" in answer.text
    assert visitor.get("/covers").status_code == 303


def test_sign_in__without_the_forms_token__is_refused(visitor: Visitor) -> None:
    assert visitor.post("/sign-in", {"key": ADMIN}).status_code == 403


def test_sign_in__sent_by_another_site__is_refused(visitor: Visitor) -> None:
    fields = {"form_token": visitor.token(), "key": ADMIN}
    answer = visitor.post("/sign-in", fields, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/app/", "/app//evil.example", "/v1/x"]
)
def test_sign_in__next_page_of_another_place__is_not_followed(
    visitor: Visitor, wanted: str
) -> None:
    fields = {"form_token": visitor.token(), "key": ADMIN, "next": wanted}
    assert visitor.post("/sign-in", fields).headers["location"] == "/app/insurer"


def test_session__one_letter_of_the_cookie_changed__is_nobodys(visitor: Visitor) -> None:
    visitor.sign_in(ADMIN)
    (name,) = visitor.cookies
    value = visitor.cookies[name]
    visitor.cookies[name] = ("f" if value[0] != "f" else "e") + value[1:]
    assert visitor.get("/covers").status_code == 303


def test_session__key_revoked__ends(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    visitor.sign_in(key)
    assert visitor.get("/covers").status_code == 200
    (row,) = bench.get(f"/platforms/{platform}/keys").json()["items"]
    bench.post(f"/platforms/{platform}/keys/{row['id']}:revoke")
    assert visitor.get("/covers").status_code == 303


def test_session__eight_hours_later__has_ended(bench: Bench, visitor: Visitor) -> None:
    visitor.sign_in(ADMIN)
    bench.now += 8 * 3600 + 1
    assert visitor.get("/covers").status_code == 303


def test_session__cookie__is_hidden_from_scripts_and_other_sites(visitor: Visitor) -> None:
    given = visitor.sign_in(ADMIN).headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=lax" in given


def test_wallet__signature_of_another_key__is_refused(visitor: Visitor) -> None:
    answer = visitor.sign_in_with(ASSESSOR, wallet=address_of(STRANGER))
    assert answer.status_code == 401
    assert visitor.get("/covers").status_code == 303


def test_wallet__message_signed_for_an_older_form__is_refused(visitor: Visitor) -> None:
    visitor.token()
    old = visitor.get("/sign-in/message", params={"wallet": address_of(ASSESSOR)}).json()
    signature = "0x" + sign(personal_hash(old["message"]), ASSESSOR).hex()
    assert visitor.sign_in_with(ASSESSOR, signature=signature).status_code == 401


def test_wallet__text_too_old__is_refused(bench: Bench, visitor: Visitor) -> None:
    issued = int(bench.now) - 601
    assert visitor.sign_in_with(ASSESSOR, issued=issued).status_code == 401


def test_wallet__own_signature__sees_its_own_covers_only(bench: Bench, visitor: Visitor) -> None:
    claim_in_review(bench)
    assert visitor.sign_in_with(STRANGER).status_code == 303
    assert visitor.get("/covers").status_code == 200
    assert "Policy 1" not in visitor.get("/covers").text
    assert visitor.get("/covers/1").status_code == 404
    assert visitor.get("/insurer").status_code == 403


def test_message__fields__is_the_text_of_eip_4361() -> None:
    text = message_of("shop.example", "https://shop.example/", "0xAb", 1, "n" * 24, 0)
    assert text.splitlines()[0] == "shop.example wants you to sign in with your Ethereum account:"
    assert text.splitlines()[1:4] == ["0xAb", "", text.splitlines()[3]]
    assert text.endswith("Issued At: 1970-01-01T00:00:00Z\nExpiration Time: 1970-01-01T00:10:00Z")


# -- tenants ---------------------------------------------------------------------------------------


def test_platform__page_of_another_platform__is_not_found(bench: Bench, visitor: Visitor) -> None:
    _, key = bench.platform()
    other, _ = bench.platform("Other", OTHER.address)
    visitor.sign_in(key)
    for path in ("", "/parts/sales", "/parts/keys"):
        assert visitor.get(f"/platforms/{other}{path}").status_code == 404
    assert visitor.get(f"/statements/platforms/{other}/2026-01").status_code == 404


def test_platform__policy_bound_by_somebody_else__is_not_found(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench)
    _, key = bench.platform()
    visitor.sign_in(key)
    for path in ("/covers/1", "/covers/1/parts/premium", "/covers/1/premium.csv"):
        assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/insurer", "/insurer/parts/solvency", "/referrals", f"/referrals/{CLAIM}",
             "/statements/cell", "/platforms"],
)  # fmt: skip
def test_platform__page_of_the_insurer__is_forbidden(
    bench: Bench, visitor: Visitor, path: str
) -> None:
    claim_in_review(bench)
    _, key = bench.platform()
    visitor.sign_in(key)
    assert visitor.get(path).status_code == 403


def test_platform__own_page__shows_key_without_its_secret(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    visitor.sign_in(key)
    text = visitor.get(f"/platforms/{platform}").text
    assert key[:14] in text
    assert key not in text


# -- decisions -------------------------------------------------------------------------------------


def decide(visitor: Visitor, fields: dict[str, str]) -> Any:
    token = visitor.token(f"/referrals/{CLAIM}")
    return visitor.post(f"/referrals/{CLAIM}/decisions", fields | {"form_token": token})


def test_decision__without_the_forms_token__queues_nothing(bench: Bench, visitor: Visitor) -> None:
    claim_in_review(bench)
    visitor.sign_in(ADMIN)
    answer = visitor.post(f"/referrals/{CLAIM}/decisions", decision(bench, ASSESSOR))
    assert answer.status_code == 403
    assert bench.transactions() == []


def test_decision__signed_by_no_assessor__queues_nothing(bench: Bench, visitor: Visitor) -> None:
    claim_in_review(bench)
    visitor.sign_in(ADMIN)
    assert decide(visitor, decision(bench, STRANGER)).status_code == 403
    assert bench.transactions() == []


def test_decision__word_changed_after_signing__queues_nothing(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench)
    visitor.sign_in(ADMIN)
    fields = decision(bench, ASSESSOR) | {"word": "refuse"}
    assert decide(visitor, fields).status_code == 403
    assert bench.transactions() == []


def test_decision__before_the_challenge_window_is_over__queues_nothing(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench, decide_from=bench.market.time + 100)
    visitor.sign_in(ADMIN)
    assert decide(visitor, decision(bench, ASSESSOR)).status_code == 409
    assert bench.transactions() == []


def test_decision__by_another_wallet_than_the_signed_in_one__queues_nothing(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench)
    visitor.sign_in_with(SECOND)
    assert decide(visitor, decision(bench, ASSESSOR)).status_code == 403
    assert bench.transactions() == []


def test_decision__second_word_of_the_same_assessor__queues_nothing_more(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench)
    visitor.sign_in(ADMIN)
    bench.event(
        "ClaimsDesk", "AssessorDecided",
        claim=CLAIM, assessor=address_of(ASSESSOR), approve=True, reasonHash="0x" + "00" * 32,
    )  # fmt: skip
    assert decide(visitor, decision(bench, ASSESSOR)).status_code == 409
    assert bench.transactions() == []


def test_decision__two_assessors__queue_one_transaction_each(
    bench: Bench, visitor: Visitor
) -> None:
    claim_in_review(bench)
    visitor.sign_in_with(ASSESSOR)
    assert decide(visitor, decision(bench, ASSESSOR)).status_code == 303
    other = Visitor(bench)
    other.sign_in(ADMIN)
    assert decide(other, decision(bench, SECOND)).status_code == 303
    queued = bench.transactions()
    assert [row.key.split(":")[-1] for row in queued] == [address_of(ASSESSOR), address_of(SECOND)]
    assert {row.function for row in queued} == {"decide"}
    shown = other.get(f"/referrals/{CLAIM}").text
    assert shown.count("handed in") == 2


# -- what no page may do ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/sign-in", "/proof", "/ledger", "/no-such-page"])
def test_headers__any_page__allow_no_foreign_or_inline_script(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=", answer.text)


@pytest.mark.parametrize("path", sorted((FOLDER / "templates").rglob("*.html")), ids=str)
def test_templates__any__turn_no_escaping_off(path: Path) -> None:
    assert not re.search(r"\|\s*safe|autoescape", path.read_text())


def test_ledger__text_with_markup__is_escaped(bench: Bench, visitor: Visitor) -> None:
    bench.event("ModelRegistry", "HashApproved", hash="0x" + "01" * 32, kind=0, uri="<b>x</b>")
    assert "<b>x</b>" not in visitor.get("/ledger?name=HashApproved").text


def test_missing_page__of_the_pages__is_a_page_and_of_the_api_a_problem(
    bench: Bench, visitor: Visitor
) -> None:
    page = visitor.get("/no-such-page")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert bench.get("/no-such").headers["content-type"] == "application/problem+json"


def test_part__nothing_new__is_an_empty_answer(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    visitor.sign_in(key)
    text = visitor.get(f"/platforms/{platform}").text
    address = re.search(r'hx-get="/app(/platforms/[^"]+/parts/keys\?seen=[0-9a-f]+)"', text)
    assert address is not None
    assert visitor.get(address[1]).status_code == 204
    bench.post(f"/platforms/{platform}/keys", {"label": "second"})
    assert "second" in visitor.get(address[1]).text


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_library__each__is_served_as_its_package_has_it(visitor: Visitor, name: str) -> None:
    answer = visitor.get(f"/lib/{name}")
    assert answer.content == (NODE_MODULES / LIBRARIES[name]).read_bytes()


def test_library__another_file__is_not_served(visitor: Visitor) -> None:
    assert visitor.get("/lib/..%2Fganache%2Fpackage.json").status_code == 404
    assert visitor.get("/lib/package.json").status_code == 404


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "shown"),
    [(0, "0.00"), (1, "0.000001"), (9_999, "0.009999"), (10_000, "0.01"),
     (1_234_567_890, "1,234.56"),
     (-10_000, "−0.01")],
)  # fmt: skip
def test_money__token_units__are_rounded_down_and_never_hidden(units: int, shown: str) -> None:
    assert money(units) == shown


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("policy 3, amount 8750000000, seconds_ 45, reviewed True",
         "amount 8,750.00, seconds 45, reviewed"),
        ("rate 20000000000000000 to 31000000000000000", "rate 2.00 % to 3.10 %"),
        ("asset shop front", "asset shop front"),
    ],
)  # fmt: skip
def test_told__detail_of_a_step__is_in_peoples_units(detail: str, shown: str) -> None:
    assert told(detail) == shown


def test_period__december__ends_with_the_year() -> None:
    period = Period.of("2026-12")
    assert (iso(period.start), iso(period.end)) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert [period.has(time) for time in (period.start, period.end - 1, period.end)] == [
        True, True, False,
    ]  # fmt: skip


def test_running__two_events_of_a_transaction__are_one_point() -> None:
    events = [
        LedgerEvent(timestamp=time, transaction_hash=sent, args={"amount": amount})
        for time, sent, amount in ((5, "0xa", 2), (5, "0xa", 3), (9, "0xb", 4))
    ]
    assert [(p.time, p.total) for p in running(events, 1)] == [(1, 0), (5, 5), (9, 9)]
    assert running([], 1) == ()


def test_percent__rate__is_shown_with_two_places() -> None:
    assert percent(91 * 10**15) == "9.10 %"


@pytest.mark.parametrize(
    ("packed", "lanes"),
    [(0, (0,)), (0x03020100, (0, 1, 2, 3)), (0x030201, (1, 2, 3)), (0x0200, (0, 2))],
)
def test_lanes__packed_signers__are_one_byte_each(packed: int, lanes: tuple[int, ...]) -> None:
    assert lanes_of(packed) == lanes


def test_evidence__swapped_file__is_not_served(tmp_path: Path) -> None:
    data = b'{"kind":"observation"}'
    name = keccak256(data).hex()
    (tmp_path / name[:2]).mkdir()
    path = tmp_path / name[:2] / f"{name}.json"
    path.write_bytes(data)
    assert Evidence(str(tmp_path)).raw(f"0x{name}") == data
    path.write_bytes(b'{"kind":"observation" }')
    assert Evidence(str(tmp_path)).raw(f"0x{name}") is None


def test_home__every_contract__leads_to_its_events(visitor: Visitor) -> None:
    text = visitor.get("/").text
    assert all(f"/app/ledger?contract={name}" in text for name in CONTRACTS)
