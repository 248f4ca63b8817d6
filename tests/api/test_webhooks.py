"""Webhooks over HTTP: what is told to whom, signed, repeated, replayed and stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.jobs.webhooks import RETRY_SECONDS, run_webhooks
from backend.policies.tables import Bind
from tests.support.api import HOLDER, OTHER, PLATFORM, Bench, kind_of
from tests.support.receiver import Receiver, receiver


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def bench(local_bench: Bench) -> Bench:
    """Webhooks to loopback are allowed, and every indexed block is final."""
    return local_bench


def open_endpoint(bench: Bench, key: str, url: str, *types: str) -> dict[str, str]:
    answer = bench.post("/webhook-endpoints", {"url": url, "types": list(types)}, key)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def bound(bench: Bench, platform: str, number: int = 1) -> None:
    """A policy of the platform comes on the ledger."""
    digest = "0x" + f"{number:064x}"
    with bench.database.write() as session:
        session.add(
            Bind(
                quote_digest=digest, platform_id=platform, quote={}, premium=1, payer="platform",
                created_at=0, case_id="case",
            )
        )  # fmt: skip
    bench.event(
        "PolicyBook", "PolicyBound",
        policy=number, product=1, risk=0, holder=HOLDER.address, applicant=HOLDER.address,
        payer=PLATFORM.address, quoteDigest=digest, sumInsured=10**9, lossPerHour=10**8,
        rate=10**16, loading=0, premium=10**6, start=bench.market.time, end=bench.market.time + 60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://10.0.0.8/", "https://localhost.invalid/", "ftp://127.0.0.1/", "https://[::1]/"]
)
def test_endpoint__address_refused__is_422(bench: Bench, url: str) -> None:
    _, key = bench.platform()
    answer = bench.post("/webhook-endpoints", {"url": url}, key)
    assert (answer.status_code, kind_of(answer)) == (422, "webhook-address-refused")


def test_endpoint__unknown_type__is_422(bench: Bench) -> None:
    _, key = bench.platform()
    body = {"url": "https://shop.example/", "types": ["nothing"]}
    assert bench.post("/webhook-endpoints", body, key).status_code == 422


def test_endpoint__of_another_platform__is_404(bench: Bench, shop: Receiver) -> None:
    _, mine = bench.platform()
    _, theirs = bench.platform("Other", OTHER.address)
    made = open_endpoint(bench, mine, shop.url)
    assert bench.get(f"/webhook-endpoints/{made['id']}", theirs).status_code == 404
    assert bench.post(f"/webhook-endpoints/{made['id']}:rotate", None, theirs).status_code == 404


def test_delivery__address_private_by_now__is_not_made(bench: Bench, shop: Receiver) -> None:
    _, key = bench.platform()
    made = open_endpoint(bench, key, shop.url.replace("127.0.0.1", "localhost"))
    message = bench.post(f"/webhook-endpoints/{made['id']}:ping", None, key).json()
    assert run_webhooks(bench.services, lambda host, port: ["10.0.0.8"]) == 0
    attempt = bench.get(f"/webhook-deliveries/{message['id']}/attempts", key).json()["items"][0]
    assert attempt["status_code"] is None
    assert shop.received == []


def test_delivery__event_of_the_platform__arrives_signed(bench: Bench, shop: Receiver) -> None:
    platform, key = bench.platform()
    made = open_endpoint(bench, key, shop.url)
    bound(bench, platform)
    assert run_webhooks(bench.services) == 1
    headers, body = shop.received[0]
    Webhook(made["secret"]).verify(body, headers)
    message = json.loads(body)
    assert message["type"] == "policy.bound"
    assert (message["data"]["policy"], message["data"]["sumInsured"]) == ("1", str(10**9))
    assert run_webhooks(bench.services) == 0


def test_delivery__event_of_another_platform__is_not_told(bench: Bench, shop: Receiver) -> None:
    _, mine = bench.platform()
    theirs, _ = bench.platform("Other", OTHER.address)
    open_endpoint(bench, mine, shop.url)
    bound(bench, theirs)
    assert run_webhooks(bench.services) == 0


def test_delivery__type_not_wanted__is_not_told(bench: Bench, shop: Receiver) -> None:
    platform, key = bench.platform()
    open_endpoint(bench, key, shop.url, "claim.paid")
    bound(bench, platform)
    assert run_webhooks(bench.services) == 0


def test_delivery__refused_by_the_shop__is_repeated_later_with_its_id(
    bench: Bench, shop: Receiver
) -> None:
    platform, key = bench.platform()
    open_endpoint(bench, key, shop.url)
    bound(bench, platform)
    shop.answers = [500, 302]
    shop.location = "http://127.0.0.1/"
    for wait in (0, RETRY_SECONDS[0], RETRY_SECONDS[1]):
        bench.now += wait
        run_webhooks(bench.services)
    assert len({headers["webhook-id"] for headers, _ in shop.received}) == 1
    delivery = bench.get(
        f"/webhook-endpoints/{bench.get('/webhook-endpoints', key).json()['items'][0]['id']}"
        "/deliveries",
        key,
    ).json()["items"][0]
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 3)
    attempts = bench.get(f"/webhook-deliveries/{delivery['id']}/attempts", key).json()["items"]
    assert [attempt["status_code"] for attempt in attempts] == [500, 302, 204]


def test_delivery__refused_every_time__fails_and_can_be_replayed(
    bench: Bench, shop: Receiver
) -> None:
    _, key = bench.platform()
    made = open_endpoint(bench, key, shop.url)
    message = bench.post(f"/webhook-endpoints/{made['id']}:ping", None, key).json()["id"]
    shop.answers = [500] * (len(RETRY_SECONDS) + 1)
    for wait in (0, *RETRY_SECONDS):
        bench.now += wait
        run_webhooks(bench.services)
    listed = bench.get(f"/webhook-endpoints/{made['id']}/deliveries", key).json()["items"]
    assert listed[0]["status"] == "failed"
    bench.post(f"/webhook-deliveries/{message}:replay", None, key)
    assert run_webhooks(bench.services) == 1


def test_delivery__endpoint_gone__is_disabled(bench: Bench, shop: Receiver) -> None:
    _, key = bench.platform()
    made = open_endpoint(bench, key, shop.url)
    bench.post(f"/webhook-endpoints/{made['id']}:ping", None, key)
    shop.answers = [410]
    run_webhooks(bench.services)
    assert bench.get(f"/webhook-endpoints/{made['id']}", key).json()["enabled"] is False


def test_endpoint__disabled_and_enabled_again__is_told_what_happened_meanwhile(
    bench: Bench, shop: Receiver
) -> None:
    platform, key = bench.platform()
    made = open_endpoint(bench, key, shop.url)
    bench.post(f"/webhook-endpoints/{made['id']}:disable", None, key)
    bound(bench, platform)
    assert run_webhooks(bench.services) == 0
    bench.post(f"/webhook-endpoints/{made['id']}:enable", None, key)
    assert run_webhooks(bench.services) == 1


def test_rotation__old_secret__signs_for_a_day_more(bench: Bench, shop: Receiver) -> None:
    _, key = bench.platform()
    made = open_endpoint(bench, key, shop.url)
    rotated = bench.post(f"/webhook-endpoints/{made['id']}:rotate", None, key).json()
    bench.post(f"/webhook-endpoints/{made['id']}:ping", None, key)
    run_webhooks(bench.services)
    headers, body = shop.received[0]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c29tZXRoaW5nIGVsc2U=").verify(body, headers)


def test_secret__creation_repeated__is_not_shown_again(bench: Bench, shop: Receiver) -> None:
    _, key = bench.platform()
    body = {"url": shop.url}
    bench.post("/webhook-endpoints", body, key, once="a")
    assert bench.post("/webhook-endpoints", body, key, once="a").json()["secret"] == "shown once"
