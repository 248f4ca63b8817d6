"""Bodies of applicants and assets."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..http.schemas import AddressText, Body
from ..transactions.schemas import TransactionOut


def _host(text: str) -> str:
    return str(ip_address(text))


def _network(text: str) -> str:
    return str(ip_network(text))


Host = Annotated[str, Field(max_length=45), AfterValidator(_host)]
Network = Annotated[str, Field(max_length=49), AfterValidator(_network)]


class NewApplicant(Body):
    name: str = Field(min_length=1, max_length=160, examples=["Example Ltd"])
    country: str = Field(pattern="^[A-Z]{2}$", examples=["DE"])
    industry: str = Field(pattern="^[a-z_]{1,60}$", examples=["retail"])
    wallet: AddressText


class ApplicantOut(Body):
    id: str
    name: str
    country: str
    industry: str
    wallet: str
    created_at: int


class Service(Body):
    """The service whose loss is covered, as members probe it."""

    host: Host
    port: int = Field(ge=1, le=65535)
    protocol: Literal["tcp", "http", "https"]


class NewAsset(Body):
    name: str = Field(min_length=1, max_length=120, examples=["shop front"])
    hosts: list[Host] = Field(min_length=1, max_length=256)
    cidrs: list[Network] = Field(default=[], max_length=64)
    service: Service
    base_score: int = Field(default=3_000, ge=0, le=10_000)
    has_sensor: bool = True


class AssetOut(Body):
    """`risk` is the asset's index on chain, null until it is registered."""

    id: str
    applicant: str
    name: str
    asset_hash: str
    base_score: int
    risk: int | None
    status: Literal["registering", "registered", "failed"]
    transaction: TransactionOut
