"""Forms of a platform's page: who may send them, and what they do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from backend.http.tables import ApiKey
from backend.webhooks.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.support.api import ADMIN, OTHER, Bench
from tests.support.visitor import Visitor

MESSAGE = "msg_" + "0a" * 12
SECRET = re.compile(r'id="secret" value="(fc_test_[^"]+)"')


@pytest.fixture
def visitor(bench: Bench) -> Visitor:
    return Visitor(bench)


def send(visitor: Visitor, platform: str, form: str, **fields: Any) -> Any:
    path = f"/platforms/{platform}"
    assert visitor.get(path).status_code == 200
    return visitor.post(f"{path}/{form}", fields | {"form_token": visitor.token(path)})


def deliver(bench: Bench, platform: str) -> None:
    """A message that was delivered in vain."""
    with bench.database.write() as session:
        session.add(
            WebhookEndpoint(
                id="whe_1", platform_id=platform, url="https://shop.example", types=[],
                enabled=True, secret_version=1, rotated_at=0, block_number=0, log_index=0,
                created_at=0,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            WebhookDelivery(
                id=MESSAGE, endpoint_id="whe_1", type="ping", payload={}, status="failed",
                attempts=1, next_attempt_at=0, created_at=0,
            )
        )  # fmt: skip
        session.add(
            WebhookAttempt(
                delivery_id=MESSAGE, number=1, at=1, status_code=500, error=None, milliseconds=3
            )
        )


def status_of(bench: Bench) -> str:
    with bench.database.read() as session:
        return session.get_one(WebhookDelivery, MESSAGE).status


def keys(bench: Bench, platform: str) -> list[ApiKey]:
    with bench.database.read() as session:
        return list(session.query(ApiKey).filter_by(platform_id=platform))


def test_key__form_without_its_token__makes_none(bench: Bench, visitor: Visitor) -> None:
    platform, _ = bench.platform()
    visitor.sign_in(ADMIN)
    fields = {"label": "checkout", "scopes": "read"}
    assert visitor.post(f"/platforms/{platform}/keys", fields).status_code == 403
    assert len(keys(bench, platform)) == 1


def test_key__made_by_the_insurer__is_shown_once_and_works(bench: Bench, visitor: Visitor) -> None:
    platform, _ = bench.platform()
    visitor.sign_in(ADMIN)
    made = send(visitor, platform, "keys", label="checkout", scopes="read")
    found = SECRET.search(made.text)
    assert made.status_code == 201 and found is not None
    assert made.headers["cache-control"] == "no-store"
    assert bench.get("/certificates", found[1], series="0x" + "00" * 32).status_code == 404
    assert found[1] not in visitor.get(f"/platforms/{platform}").text


def test_key__beyond_the_scopes_of_its_maker__is_refused(bench: Bench, visitor: Visitor) -> None:
    platform, _ = bench.platform()
    wish = {"label": "reader", "scopes": ["read"]}
    reader = bench.post(f"/platforms/{platform}/keys", wish).json()["key"]
    visitor.sign_in(reader)
    assert send(visitor, platform, "keys", label="more", scopes="sell").status_code == 403
    assert send(visitor, platform, "keys", label="same", scopes="read").status_code == 201


def test_key__platform_of_a_live_deployment__is_refused(bench: Bench, visitor: Visitor) -> None:
    bench.services.settings = replace(bench.services.settings, mode="live")
    platform, key = bench.platform()
    visitor.sign_in(key)
    assert send(visitor, platform, "keys", label="more", scopes="read").status_code == 403
    assert "Make the key" not in visitor.get(f"/platforms/{platform}").text


def test_key__of_another_platform__is_not_revoked(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    other, _ = bench.platform("Other", OTHER.address)
    (theirs,) = keys(bench, other)
    visitor.sign_in(key)
    assert send(visitor, platform, f"keys/{theirs.id}/revoke").status_code == 404
    assert keys(bench, other)[0].revoked_at is None


def test_key__revoked_on_the_page__stops_and_ends_its_session(
    bench: Bench, visitor: Visitor
) -> None:
    platform, key = bench.platform()
    visitor.sign_in(key)
    (own,) = keys(bench, platform)
    assert send(visitor, platform, f"keys/{own.id}/revoke").status_code == 303
    assert visitor.get(f"/platforms/{platform}").status_code == 303
    assert bench.get("/bordereaux", key).status_code == 401


def test_message__sent_again__waits_for_its_next_attempt(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    deliver(bench, platform)
    visitor.sign_in(key)
    assert send(visitor, platform, f"deliveries/{MESSAGE}/replay").status_code == 303
    assert status_of(bench) == "pending"


def test_message__of_another_platform__is_not_sent_again(bench: Bench, visitor: Visitor) -> None:
    platform, _ = bench.platform()
    deliver(bench, platform)
    other, key = bench.platform("Other", OTHER.address)
    visitor.sign_in(key)
    assert send(visitor, other, f"deliveries/{MESSAGE}/replay").status_code == 404
    assert status_of(bench) == "failed"


def test_sandbox__incident_of_an_own_risk__is_staged(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    bench.asset(key)
    visitor.sign_in(key)
    answer = send(visitor, platform, "incidents", risk="0", seconds="20", attacked="true")
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("?staged=0.100")
    assert "is staged" in visitor.get(f"/platforms/{platform}?staged=0.100").text


def test_sandbox__risk_of_another_platform__is_not_found(bench: Bench, visitor: Visitor) -> None:
    _, key = bench.platform()
    bench.asset(key)
    platform, other = bench.platform("Other", OTHER.address)
    visitor.sign_in(other)
    assert send(visitor, platform, "incidents", risk="0", seconds="20").status_code == 404


def test_sandbox__clock__moves(bench: Bench, visitor: Visitor) -> None:
    platform, key = bench.platform()
    visitor.sign_in(key)
    before = bench.market.time
    assert send(visitor, platform, "clock", seconds="600").status_code == 303
    assert bench.market.time == before + 600


def test_sandbox__not_configured__shows_no_button(bench: Bench, visitor: Visitor) -> None:
    bench.services.sandbox = None
    platform, key = bench.platform()
    visitor.sign_in(key)
    assert "Stage an incident" not in visitor.get(f"/platforms/{platform}").text
    assert send(visitor, platform, "clock", seconds="600").status_code == 403
