"""A typed client of the API, blocking and asynchronous, and the check of received webhooks.

    from backend.client import Client, calls
    from backend.quotes.schemas import NewQuote

    with Client("http://127.0.0.1:8080", "fc_test_…") as api:
        offer = api(calls.create_quote(NewQuote(product=1, risk=0, …)))
        for policy in api.items(calls.list_policies):
            ...

A call is made by one of the functions of `calls`, named like the operations of the OpenAPI
document, and sent by a client: `api(call)` or `await api(call)`. A write gets its Idempotency-Key
when the call is made, so sending the same call again never does anything twice.
"""

from . import calls
from .client import AsyncClient, Client
from .errors import ApiError, Unreachable
from .webhooks import BadWebhook, verify_webhook

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadWebhook",
    "Client",
    "Unreachable",
    "calls",
    "verify_webhook",
]
