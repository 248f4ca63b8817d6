"""The floors of the API benchmark: an empty endpoint that parses the same body, and signing."""

from __future__ import annotations

import sys
import time

from fastapi import FastAPI, Response

from backend.certificates.schemas import NewCertificate
from backend.http.writes import JSON
from backend.quotes.schemas import NewQuote
from backend.serving import run_workers
from contracts.client.messages import Domain, Quote, digest
from contracts.client.signatures import sign

EMPTY = b"{}"
app = FastAPI(openapi_url=None)


@app.post("/quotes")
async def quotes(body: NewQuote) -> Response:
    """Parses a quote's body and answers nothing."""
    return Response(EMPTY, media_type=JSON)


@app.post("/transactions:cover")
async def cover(body: NewCertificate) -> Response:
    """Parses a certificate's body and answers nothing."""
    return Response(EMPTY, media_type=JSON)


def signatures_a_second(seconds: float = 2.0) -> float:
    """EIP-712 digests and signatures of quotes a second, on one core."""
    domain = Domain("PolicyBook", 1337, "0x" + "11" * 20)
    key, count = b"\x01" * 32, 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        quote = Quote(
            product=1, risk_index=0, applicant="0x" + "22" * 20, holder="0x" + "33" * 20,
            sum_insured=10**11, loss_per_hour=10**9, dependencies=0, rate=10**16,
            rate_ceiling=10**17, min_premium=1, score_frame=1, model_hash=bytes(32),
            terms_hash=bytes(32), term=86_400, salt=count.to_bytes(32, "big"), deadline=2**32,
        )  # fmt: skip
        sign(digest(quote, domain), key)
        count += 1
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    run_workers("scripts.bench.floors:app", "127.0.0.1", int(sys.argv[1]), int(sys.argv[2]), False)
