"""The policyholder's pages: all covers, and one cover with its premium, score, claims, remedies."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from ..assessments.reasons import Advice
from ..domain.premium_ledger import consumed
from ..domain.units import YEAR, ChainTime, ProductId, TokenUnits
from ..http.paging import page as rows_of
from ..incidents.api import registry_clock
from ..ledger.tables import LedgerPolicy
from ..policies.lifecycle import lifecycle_of
from ..reads import Reads
from . import covers
from .panels import Load, answer, draw_all
from .sessions import ServicesDep, SignedIn, Viewer
from .show import page

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=10**18)]
PAGE_ROWS = 50
MOST_SECONDS = 86_400
"""Seconds of the premium ledger in one file."""
STAGES = ("policy", "identify", "protect", "detect", "respond", "recover")


@router.get("/covers")
def list_covers(
    request: Request,
    at: ServicesDep,
    who: SignedIn,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    with at.database.read() as session:
        rows, following = rows_of(
            session, covers.visible(who), [LedgerPolicy.policy], cursor, PAGE_ROWS, True
        )
        return page(request, who, "covers.html", covers=rows, following=following)


def _parts(request: Request, at: ServicesDep, who: Viewer, number: int) -> Mapping[str, Load]:
    reads: Reads = request.app.state.reads

    def premium() -> dict[str, Any]:
        now = at.market.head().timestamp
        with at.database.read() as session:
            row = covers.find(session, who, number)
            pieces = covers.pieces(session, row, now)
        earned, balance = reads.view("PolicyBook", "premiumAt", number, now)
        rate = pieces[-1].rate if pieces else row.rate
        insured, paid = TokenUnits(row.sum_insured), TokenUnits(row.premium_paid)
        rows = [(piece, consumed([piece], insured, paid, piece.end)) for piece in reversed(pieces)]
        steps = [row.start, *(piece.end for piece in pieces)]
        sums = [consumed(pieces, insured, paid, ChainTime(time)) for time in steps]
        runs = row.status == "in_force" and now < row.end
        return {
            "cover": row, "rows": rows, "now": now, "earned": earned, "balance": balance,
            "rate": rate, "running": runs, "times": steps, "sums": [s / 10**6 for s in sums],
            "per_second": rate * insured // YEAR // 10**6 if runs else 0,
        }  # fmt: skip

    def score() -> dict[str, Any]:
        with at.database.read() as session:
            row = covers.find(session, who, number)
            return {"cover": row, "scores": covers.scores(session, row.risk)}

    def episodes() -> dict[str, Any]:
        with at.database.read() as session:
            row = covers.find(session, who, number)
            product = at.market.product(ProductId(row.product))
            found = covers.episodes(session, row, product, registry_clock(at))
            return {"cover": row, "episodes": found, "product": product}

    def life() -> dict[str, Any]:
        with at.database.read() as session:
            row = covers.find(session, who, number)
            return {"life": lifecycle_of(session, covers.found(session, row)), "stages": STAGES}

    return {"premium": premium, "episodes": episodes, "score": score, "life": life}


@router.get("/covers/{number}")
def get_cover(number: Number, request: Request, at: ServicesDep, who: SignedIn) -> Response:
    with at.database.read() as session:
        row = covers.find(session, who, number)
    parts = draw_all(request, who, f"/covers/{number}", _parts(request, at, who, number))
    return page(
        request, who, "cover.html", cover=row, live=parts,
        product=at.market.product(ProductId(row.product)),
    )  # fmt: skip


@router.get("/covers/{number}/parts/{name}")
def get_part(
    number: Number, name: str, request: Request, at: ServicesDep, who: SignedIn, seen: str = ""
) -> Response:
    parts = _parts(request, at, who, number)
    return answer(request, who, f"/covers/{number}", parts, name, seen)


@router.get("/covers/{number}/reasons")
def get_reasons(
    number: Number,
    request: Request,
    at: ServicesDep,
    who: SignedIn,
    frame: Annotated[int | None, Query(ge=0, le=2**40)] = None,
) -> Response:
    """Why the newest score, or that of a frame, is what it is; what each remedy would save."""
    advice: Advice = request.app.state.advice
    with at.database.read() as session:
        row = covers.find(session, who, number)
        scores = covers.scores(session, row.risk)
    product = at.market.product(ProductId(row.product))
    asked = [score for score in scores if frame is None or score.frame == frame]
    found = advice.on(asked, product.table, TokenUnits(row.sum_insured))
    highest = max(scores, key=lambda score: (score.uncapped, score.frame), default=None)
    return page(
        request, who, "panels/reasons.html", advice=found, cover=row, highest=highest, frame=frame
    )


@router.get("/covers/{number}/premium.csv")
def get_premium(
    number: Number,
    at: ServicesDep,
    who: SignedIn,
    first: Annotated[int | None, Query(alias="from", ge=0)] = None,
) -> Response:
    """The premium second by second, at most a day of it: time, rate, consumed so far."""
    now = at.market.head().timestamp
    with at.database.read() as session:
        row = covers.find(session, who, number)
        pieces = covers.pieces(session, row, now)
    start = max(row.start, row.start if first is None else first)

    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(("chain_time", "rate_1e18_per_year", "consumed_token_units", "rate_set_by"))
        for piece in pieces:
            for second in range(max(start, piece.start), min(start + MOST_SECONDS, piece.end)):
                total = consumed(
                    pieces, TokenUnits(row.sum_insured), TokenUnits(row.premium_paid),
                    ChainTime(second + 1),
                )  # fmt: skip
                writer.writerow((second + 1, piece.rate, total, piece.transaction_hash))
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()

    name = f'attachment; filename="premium-policy-{number}.csv"'
    return StreamingResponse(lines(), media_type="text/csv", headers={"Content-Disposition": name})
