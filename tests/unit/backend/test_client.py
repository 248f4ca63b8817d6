"""The typed client: every operation, repetitions, problems, pages and webhooks."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from backend.app import offline_document
from backend.client import (
    ApiError,
    AsyncClient,
    BadWebhook,
    Client,
    Unreachable,
    calls,
    client,
    verify_webhook,
)
from backend.facility.schemas import Deposit

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1vZi1jbGllbnRz"
SERIES = {"items": [], "next_cursor": None}


def served(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    """A client whose server is a function."""
    made = Client("http://flowcover", "key")
    made._http = httpx.Client(
        base_url="http://flowcover", transport=httpx.MockTransport(answer), headers={"a": "b"}
    )
    return made


def test_calls__operations__are_those_of_the_document() -> None:
    documented = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in offline_document()["paths"].items()
        for method, operation in operations.items()
    }
    documented.pop("get_metrics")
    made = {}
    for name, function in inspect.getmembers(calls, inspect.isfunction):
        if name.startswith("_") or name == "dataclass" or name == "field":
            continue
        given = [
            f"{{{p.name}}}" if p.name != "body" else Deposit(amount="1")
            for p in inspect.signature(function).parameters.values()
            if p.default is inspect.Parameter.empty
        ]
        call = function(*given)
        made[name] = (call.method, call.path)
    assert made == documented


@pytest.fixture(autouse=True)
def no_waits() -> None:
    client.WAITS = (0.001, 0.001)


def test_call__refused__raises_the_problem() -> None:
    body = {"type": "/problems/not-found", "detail": "no series"}
    api = served(lambda _: httpx.Response(404, json=body))
    with pytest.raises(ApiError) as caught:
        api(calls.get_series("0x1"))
    assert (caught.value.status, caught.value.kind) == (404, "not-found")


def test_write__first_answers_lost__is_repeated_with_the_same_key() -> None:
    keys = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) < 3:
            raise httpx.ConnectError("gone")
        return httpx.Response(200, json={"status": "ok"})

    api = served(answer)
    call = calls.Call("POST", "/x", calls.Health, idempotency_key="once")
    assert api(call).status == "ok"
    assert keys == ["once"] * 3


def test_call__nobody_answers__is_unreachable() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone")

    with pytest.raises(Unreachable):
        served(answer)(calls.get_health())


def test_items__several_pages__are_all_given() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "0"))
        row = {"id": f"plt_{number}", "name": "a", "wallet": "0x", "custodied": True}
        following = None if number == 2 else str(number + 1)
        page = {"items": [row | {"created_at": 1}], "next_cursor": following}
        return httpx.Response(200, json=page)

    found = [row.id for row in served(answer).items(calls.list_platforms)]
    assert found == ["plt_0", "plt_1", "plt_2"]


def test_async_client__call__gives_the_typed_answer() -> None:
    async def ask() -> str:
        async with AsyncClient("http://flowcover", "key") as api:
            api._http = httpx.AsyncClient(
                base_url="http://flowcover",
                transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"status": "ok"})),
            )
            return (await api(calls.get_health())).status

    assert asyncio.run(ask()) == "ok"


def signed(body: str, at: datetime) -> dict[str, str]:
    signature = Webhook(SECRET).sign("msg_1", at, body)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": signature,
    }


def test_webhook__genuine__is_given() -> None:
    body = json.dumps({"type": "claim.paid"})
    message = verify_webhook(SECRET, signed(body, datetime.now(UTC)), body.encode())
    assert message["type"] == "claim.paid"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ("{}", datetime.now(UTC)),
        ('{"type":"claim.paid"}', datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_webhook__changed_or_old__is_refused(body: str, at: datetime) -> None:
    headers = signed('{"type":"claim.paid"}', at)
    with pytest.raises(BadWebhook):
        verify_webhook(SECRET, headers, body)
