"""Bodies of quotes; the message has the members of the signed EIP-712 struct, in snake case."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.client.messages import Quote

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

    @classmethod
    def of(cls, quote: Quote) -> QuoteMessage:
        values = {name: getattr(quote, name) for name in cls.model_fields}
        values |= {name: str(values[name]) for name in _EXACT}
        values |= {name: "0x" + values[name].hex() for name in _HASHES}
        return cls.model_construct(**values)

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
