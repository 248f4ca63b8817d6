"""A sample shop that sells cover in its checkout: one file, to read and to copy from.

    make sandbox                                   # an insurer on a development chain
    python -m scripts.shop --port 8000             # reads .demo-sandbox/platform.json

Order something at http://127.0.0.1:8000 with the box ticked; each order then has a certificate,
signed by the underwriter. When the shop's service is lost under attack, holders of the orders of
that time are paid, and the shop hears of it by a signed webhook.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from backend.certificates.schemas import CertificateOut, NewCertificate
from backend.client import ApiError, BadWebhook, Client, Unreachable, calls, verify_webhook
from backend.webhooks.schemas import NewEndpoint

PRICES = {"tea": 20, "kettle": 45, "bicycle": 380}
"""Whole dollars; cover comes in whole dollars too."""

COIN = 10**6


@dataclass
class Order:
    number: str
    item: str
    holder: str
    certificate: CertificateOut | None
    status: str


@dataclass
class Shop:
    """Orders in memory; the certificates themselves are on the backend and on the chain."""

    api: Client
    series: str
    secret: str
    orders: dict[str, Order] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    def check_out(self, item: str, holder: str, covered: bool) -> Order:
        """One order, covered if its buyer wants so and the insurer offers it."""
        number = secrets.token_hex(8)
        order = Order(number, item, holder, None, "ordered")
        if covered:
            wish = NewCertificate(
                series=self.series,
                holder=holder,
                transaction_hash="0x" + hashlib.sha256(number.encode()).hexdigest(),
                sum_insured=str(PRICES[item] * COIN),
            )
            try:
                order.certificate = self.api(calls.cover(wish))
                order.status = "covered"
            except (ApiError, Unreachable) as error:
                order.status = f"not covered: {error}"
        self.orders[number] = order
        return order

    def hear(self, message_id: str, message: dict[str, Any]) -> None:
        """A genuine webhook; the same one may come twice, which changes nothing."""
        self.messages[message_id] = message
        if message["type"] not in ("bordereau.posted", "certificates.paid"):
            return
        known = self.api.items(calls.list_certificates, self.series)
        found = {c.serial: c.status for c in known if c.status != "sold"}
        for order in self.orders.values():
            if order.certificate is not None:
                order.status = found.get(order.certificate.serial, order.status)


def create_app(shop: Shop) -> FastAPI:
    app = FastAPI(title="Corner Shop", openapi_url=None)

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        options = "".join(f"<option>{item}</option>" for item in PRICES)
        rows = "".join(
            f"<tr><td>{o.number}</td><td>{o.item}</td><td>{html.escape(o.status)}</td></tr>"
            for o in reversed(shop.orders.values())
        )
        return (
            "<!doctype html><html lang=en><title>Corner Shop</title><h1>Corner Shop</h1>"
            f"<form method=post action=/orders><label>Item <select name=item>{options}</select>"
            "</label> <label>Wallet <input name=holder required size=44></label> <label>"
            "<input type=checkbox name=covered value=true checked> cover this order against a loss"
            " of our service under attack</label> <button>Buy</button></form>"
            f"<table><tr><th>Order<th>Item<th>Status</tr>{rows}</table></html>"
        )

    @app.post("/orders")
    def order(
        item: str = Form(), holder: str = Form(), covered: bool = Form(default=False)
    ) -> RedirectResponse:
        if item not in PRICES:
            raise HTTPException(422, "no such item")
        shop.check_out(item, holder, covered)
        return RedirectResponse("/", 303)

    @app.get("/orders")
    def orders() -> JSONResponse:
        shown = [
            {
                "number": o.number,
                "status": o.status,
                "serial": None if o.certificate is None else o.certificate.serial,
                "insured": None
                if o.certificate is None
                else str(o.certificate.certificate.sum_insured),
            }
            for o in shop.orders.values()
        ]
        return JSONResponse({"orders": shown, "messages": list(shop.messages.values())})

    @app.post("/webhooks", status_code=204)
    async def webhook(request: Request) -> None:
        try:
            message = verify_webhook(shop.secret, request.headers, await request.body())
        except BadWebhook as error:
            raise HTTPException(401, "not signed by the insurer") from error
        await run_in_threadpool(shop.hear, request.headers["webhook-id"], message)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", type=Path, default=Path(".demo-sandbox/platform.json"))
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    known = json.loads(options.platform.read_text())
    api = Client(known["url"], known["key"])
    endpoint = NewEndpoint(url=f"http://127.0.0.1:{options.port}/webhooks")
    made = api(calls.create_webhook_endpoint(endpoint))
    shop = Shop(api, known["series"], made.secret)
    uvicorn.run(create_app(shop), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
