"""The short way of the busiest operations: what it may not answer, and that it answers the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.http.limits import Limits
from backend.quotes.schemas import QuoteOut
from contracts.client.messages import digest
from contracts.client.signatures import recover
from tests.support.api import DEPLOYMENT, UNDERWRITER, Bench, kind_of

WISH = {
    "product": 1,
    "risk": 0,
    "sum_insured": "100000000000",
    "loss_per_hour": "1000000000",
    "dependencies": [4, 2],
    "term": 86_400,
}
UNSET: dict[str, str] = {}


def ready(bench: Bench) -> str:
    """A key whose next quote can take the short way: nothing that it needs is asked again."""
    bench.product(1)
    _, key = bench.platform()
    bench.asset(key)
    assert bench.post("/quotes", WISH, key).status_code == 200
    bench.market.is_known = True
    bench.market.scores.clear()
    return key


@pytest.mark.parametrize(
    ("headers", "body", "status", "kind"),
    [
        ({"Authorization": "Bearer fc_test_unknown"}, WISH, 401, "unauthenticated"),
        ({"Authorization": "Basic abc"}, WISH, 401, "unauthenticated"),
        (UNSET, WISH | {"term": 0}, 422, "invalid-request"),
        (UNSET, WISH | {"term": 86_401}, 409, "not-offered"),
        (UNSET, [], 422, "invalid-request"),
        ({"Content-Type": "text/plain"}, WISH, 422, "invalid-request"),
    ],
)
def test_short_way__unusual_request__gets_the_problem_of_the_long_way(
    bench: Bench, headers: dict[str, str], body: Any, status: int, kind: str
) -> None:
    usual = {"Authorization": f"Bearer {ready(bench)}", "Content-Type": "application/json"}
    answer = bench.client.post("/v1/quotes", headers=usual | headers, content=json.dumps(body))
    assert (answer.status_code, kind_of(answer)) == (status, kind)
    assert answer.headers["X-Case-Id"].startswith("case_")


def test_short_way__key_without_the_scope__is_403(bench: Bench) -> None:
    platform, _ = bench.platform()
    made = bench.post(f"/platforms/{platform}/keys", {"label": "r", "scopes": ["read"]}).json()
    for _ in range(2):
        answer = bench.post("/quotes", WISH, made["key"])
        assert (answer.status_code, kind_of(answer)) == (403, "forbidden")


def test_short_way__rate_used_up__is_429(bench: Bench) -> None:
    key = ready(bench)
    bench.services.limits = Limits(rate=1, burst=2)
    answers = [bench.post("/quotes", WISH, key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]


def test_short_way__left_for_the_long_one__takes_one_request_from_the_rate(bench: Bench) -> None:
    key = ready(bench)
    bench.services.limits = Limits(rate=1, burst=9)
    answer = bench.post("/quotes", WISH | {"term": 0}, key)
    assert answer.headers["RateLimit-Remaining"] == "8"


def test_short_way__key_revoked__is_refused(bench: Bench) -> None:
    bench.product(1)
    platform, first = bench.platform()
    bench.asset(first)
    bench.market.is_known = True
    made = bench.post(f"/platforms/{platform}/keys", {"label": "all"}).json()
    assert bench.post("/quotes", WISH, made["key"]).status_code == 200
    bench.post(f"/platforms/{platform}/keys/{made['id']}:revoke")
    assert kind_of(bench.post("/quotes", WISH, made["key"])) == "unauthenticated"


def test_short_way__usual_request__answers_what_the_schema_says(bench: Bench) -> None:
    key = ready(bench)
    answer = bench.post("/quotes", WISH, key)
    made = QuoteOut.model_validate_json(answer.content)
    assert made.model_dump_json().encode() == answer.content
    hashed = digest(made.quote.message(), DEPLOYMENT.domain(made.quote.message()))
    assert made.digest == "0x" + hashed.hex()
    assert recover(hashed, bytes.fromhex(made.signature[2:])) == UNDERWRITER.address


def test_short_way__body_in_several_parts__is_read_whole(bench: Bench) -> None:
    key = ready(bench)
    text = json.dumps(WISH).encode()

    async def parts() -> Any:
        for start in range(0, len(text), 7):
            yield text[start : start + 7]

    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = bench.client.post("/v1/quotes", headers=headers, content=parts())
    assert answer.status_code == 200
