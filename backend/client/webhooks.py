"""Checks a received webhook: Standard Webhooks signature, and age against replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class BadWebhook(Exception):
    """Not signed with the endpoint's secret, or older or newer than five minutes."""


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes | str) -> dict[str, Any]:
    """The message, if it is genuine. `webhook-id` stays the same when it is delivered again.

    :param secret: `whsec_…`, shown when the endpoint was made or its secret rotated
    :param body: the received bytes, not parsed and written again
    :raises BadWebhook: see the class
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message: dict[str, Any] = Webhook(secret).verify(body, lower)
    except (WebhookVerificationError, ValueError, KeyError) as error:
        raise BadWebhook(str(error)) from error
    return message
