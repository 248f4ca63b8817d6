"""Secrets and signatures of webhooks, as https://www.standardwebhooks.com describes them."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

OVERLAP_SECONDS = 24 * 3600
"""How long the secret before a rotation still signs beside the new one."""


def secret_of(key: str, endpoint_id: str, version: int) -> str:
    """`whsec_…`, derived from the deployment's key, so that it is stored nowhere."""
    text = f"webhook {endpoint_id} {version}".encode()
    return "whsec_" + base64.b64encode(hmac.digest(key.encode(), text, "sha256")).decode()


def headers_of(
    key: str, endpoint_id: str, version: int, rotated_at: int, message_id: str, now: int, body: str
) -> dict[str, str]:
    """The three headers; for a day after a rotation the old secret signs too."""
    versions = [version]
    if version > 1 and now - rotated_at < OVERLAP_SECONDS:
        versions.append(version - 1)
    at = datetime.fromtimestamp(now, UTC)
    signatures = [
        Webhook(secret_of(key, endpoint_id, v)).sign(message_id, at, body) for v in versions
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }
