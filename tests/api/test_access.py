"""Who may do what: anonymous, foreign, revoked, wrong mode, missing scope."""

from __future__ import annotations

import pytest

from tests.support.api import OTHER, Bench, kind_of

PLATFORM_READS = [
    "/applicants", "/facility", "/series", "/products", "/policies", "/incidents", "/claims",
    "/payouts", "/events", "/referrals", "/chain-transactions", "/bordereaux",
]  # fmt: skip
INSURER_READS = ["/platforms"]


@pytest.mark.parametrize("path", PLATFORM_READS + INSURER_READS)
def test_read__without_key__is_401(bench: Bench, path: str) -> None:
    answer = bench.get(path, key=None)
    assert (answer.status_code, kind_of(answer)) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", INSURER_READS)
def test_read__insurers_list_with_a_platforms_key__is_403(bench: Bench, path: str) -> None:
    _, key = bench.platform()
    answer = bench.get(path, key)
    assert (answer.status_code, kind_of(answer)) == (403, "forbidden")


def test_read__unknown_key__is_401(bench: Bench) -> None:
    assert bench.get("/policies", "fc_test_unknown").status_code == 401


def test_read__live_key_at_a_test_deployment__is_403(bench: Bench) -> None:
    answer = bench.get("/policies", "fc_live_unknown")
    assert (answer.status_code, kind_of(answer)) == (403, "wrong-mode")


def test_read__revoked_key__is_401(bench: Bench) -> None:
    platform, key = bench.platform()
    assert bench.get("/policies", key).status_code == 200
    listed = bench.get(f"/platforms/{platform}/keys").json()["items"][0]
    bench.post(f"/platforms/{platform}/keys/{listed['id']}:revoke")
    assert bench.get("/policies", key).status_code == 401


def test_write__scope_missing__is_403(bench: Bench) -> None:
    platform, _ = bench.platform()
    wish = {"label": "reader", "scopes": ["read"]}
    key = bench.post(f"/platforms/{platform}/keys", wish).json()["key"]
    assert bench.get("/policies", key).status_code == 200
    answer = bench.post("/facility/deposits", {"amount": "1"}, key)
    assert (answer.status_code, kind_of(answer)) == (403, "forbidden")
    assert answer.json()["scope"] == "fund"


def test_read__another_platforms_applicant__is_404(bench: Bench) -> None:
    _, mine = bench.platform()
    _, theirs = bench.platform("Other", OTHER.address)
    body = {"name": "A", "country": "DE", "industry": "retail", "wallet": OTHER.address}
    made = bench.post("/applicants", body, mine).json()["id"]
    assert bench.get(f"/applicants/{made}", mine).status_code == 200
    assert bench.get(f"/applicants/{made}", theirs).status_code == 404
    assert bench.get("/applicants", theirs).json()["items"] == []


def test_platform__wallet_of_another__is_409(bench: Bench) -> None:
    bench.platform("Other", OTHER.address)
    answer = bench.post("/platforms", {"name": "Third", "wallet": OTHER.address})
    assert (answer.status_code, kind_of(answer)) == (409, "conflict")


def test_request__case_id_given__is_answered(bench: Bench) -> None:
    answer = bench.client.get("/health", headers={"X-Case-Id": "case-1"})
    assert answer.headers["X-Case-Id"] == "case-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\u00e9"])
def test_request__case_id_unfit__is_replaced(bench: Bench, given: str) -> None:
    headers = {"X-Case-Id": given.encode("latin-1")}
    answer = bench.client.get("/health", headers=headers)  # type: ignore[arg-type]
    assert answer.headers["X-Case-Id"].startswith("case_")
