"""Bodies of quotes; the message has the members of the signed EIP-712 struct, in snake case."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from contracts.client.messages import Quote

from ..domain.pricing import Offer
from ..http.schemas import AddressText, Amount, Body, Digits, HashText, SignatureText

MOST_DEPENDENCIES = 4
Dependency = Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
_EXACT = ("sum_insured", "loss_per_hour", "dependencies", "rate", "rate_ceiling", "min_premium")
_HASHES = ("model_hash", "terms_hash", "salt")


class NewQuote(Body):
    """A wish for cover of one risk; `holder` defaults to the applicant's wallet."""

    product: int = Field(ge=1, le=0xFFFF)
    risk: int = Field(ge=0, le=0xFFFFFFFF)
    holder: AddressText | None = None
    sum_insured: Amount
    loss_per_hour: Amount
    dependencies: list[Dependency] = Field(default=[], max_length=MOST_DEPENDENCIES)
    term: int = Field(ge=1, le=2**40 - 1, examples=[86400])
    rate_ceiling: Amount | None = None


class QuoteMessage(Body):
    """What the underwriter signed; `dependencies` is packed, 32 bits each, lowest first."""

    product: int = Field(ge=1, le=0xFFFF)
    risk_index: int = Field(ge=0, le=0xFFFFFFFF)
    applicant: AddressText
    holder: AddressText
    sum_insured: Amount
    loss_per_hour: Amount
    dependencies: Amount
    rate: Amount
    rate_ceiling: Amount
    min_premium: Amount
    score_frame: int = Field(ge=0, le=0xFFFFFFFF)
    model_hash: HashText
    terms_hash: HashText
    term: int = Field(ge=0, le=2**40 - 1)
    salt: HashText
    deadline: int = Field(ge=0, le=2**40 - 1)

    def message(self) -> Quote:
        values = self.model_dump()
        values |= {name: int(values[name]) for name in _EXACT}
        values |= {name: bytes.fromhex(values[name][2:]) for name in _HASHES}
        return Quote(**values)


class QuoteOut(Body):
    """An offer: bind it before `quote.deadline` with at least `minimum_premium`."""

    digest: str
    quote: QuoteMessage
    signature: SignatureText
    underwriter: str
    table_rate: Digits
    loading: Digits
    top_rate: Digits
    minimum_premium: Digits
    full_term_premium: Digits


def written(quote: Quote, made: Offer, digest: bytes, signature: bytes, underwriter: str) -> bytes:
    """A `QuoteOut` as JSON, without the time that a model takes to be made."""
    return msgspec.json.encode(
        {
            "digest": "0x" + digest.hex(),
            "quote": {
                "product": quote.product,
                "risk_index": quote.risk_index,
                "applicant": quote.applicant,
                "holder": quote.holder,
                "sum_insured": str(quote.sum_insured),
                "loss_per_hour": str(quote.loss_per_hour),
                "dependencies": str(quote.dependencies),
                "rate": str(quote.rate),
                "rate_ceiling": str(quote.rate_ceiling),
                "min_premium": str(quote.min_premium),
                "score_frame": quote.score_frame,
                "model_hash": "0x" + quote.model_hash.hex(),
                "terms_hash": "0x" + quote.terms_hash.hex(),
                "term": quote.term,
                "salt": "0x" + quote.salt.hex(),
                "deadline": quote.deadline,
            },
            "signature": "0x" + signature.hex(),
            "underwriter": underwriter,
            "table_rate": str(made.table_rate),
            "loading": str(made.loading),
            "top_rate": str(made.top_rate),
            "minimum_premium": str(made.minimum_premium),
            "full_term_premium": str(made.full_term_premium),
        }
    )
