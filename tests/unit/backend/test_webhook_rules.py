"""Where webhooks may go, and how they are signed."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.webhooks.addresses import AddressRefused, networks, target_of
from backend.webhooks.signing import OVERLAP_SECONDS, headers_of, secret_of

KEY = "key-of-the-deployment"
NOW = int(time.time())
"""The library refuses old time stamps by its own clock."""


def to(*addresses: str):  # type: ignore[no-untyped-def]
    return lambda host, port: list(addresses)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1",
        "::ffff:10.0.0.8",
        "2001:db8::1", "ff02::1",
    ],
)  # fmt: skip
def test_target_of__address_that_is_not_public__is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        target_of("https://shop.example/hook", (), to(address))


def test_target_of__one_of_several_addresses_private__is_refused() -> None:
    with pytest.raises(AddressRefused):
        target_of("https://shop.example/hook", (), to("93.184.216.34", "10.0.0.8"))


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook", "ftp://shop.example/", "https://user:word@shop.example/",
        "https:///path", "shop.example", "https://[::1", "",
    ],
)  # fmt: skip
def test_target_of__url_of_another_form__is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        target_of(url, (), to("93.184.216.34"))


def test_target_of__name_without_address__is_refused() -> None:
    with pytest.raises(AddressRefused):
        target_of("https://shop.example/hook", (), to())


def test_target_of__public_address__is_pinned_under_its_name() -> None:
    target = target_of("https://shop.example:8443/hook?a=1", (), to("93.184.216.34"))
    assert str(target.pinned) == "https://93.184.216.34:8443/hook?a=1"
    assert target.host == "shop.example"


def test_target_of__permitted_network__may_be_private_and_plain() -> None:
    target = target_of("http://hook.local:80/", networks("127.0.0.0/8, ::1/128"), to("127.0.0.1"))
    assert target.pinned.host == "127.0.0.1"


def verify(secret: str, headers: dict[str, str], body: str) -> None:
    Webhook(secret).verify(body, headers)


def test_headers_of__any_message__verify_with_the_endpoints_secret() -> None:
    headers = headers_of(KEY, "whe_1", 1, 0, "msg_1", NOW, "{}")
    verify(secret_of(KEY, "whe_1", 1), headers, "{}")


@pytest.mark.parametrize(
    ("endpoint", "version", "body"), [("whe_2", 1, "{}"), ("whe_1", 2, "{}"), ("whe_1", 1, "{ }")]
)
def test_headers_of__other_secret_or_body__do_not_verify(
    endpoint: str, version: int, body: str
) -> None:
    headers = headers_of(KEY, "whe_1", 1, 0, "msg_1", NOW, "{}")
    with pytest.raises(WebhookVerificationError):
        verify(secret_of(KEY, endpoint, version), headers, body)


@pytest.mark.parametrize("version", [1, 2])
def test_headers_of__within_a_day_of_a_rotation__verify_with_both_secrets(version: int) -> None:
    headers = headers_of(KEY, "whe_1", 2, NOW - OVERLAP_SECONDS + 1, "msg_1", NOW, "{}")
    verify(secret_of(KEY, "whe_1", version), headers, "{}")


def test_headers_of__a_day_after_a_rotation__do_not_verify_with_the_old_secret() -> None:
    headers = headers_of(KEY, "whe_1", 2, NOW - OVERLAP_SECONDS, "msg_1", NOW, "{}")
    with pytest.raises(WebhookVerificationError):
        verify(secret_of(KEY, "whe_1", 1), headers, "{}")
