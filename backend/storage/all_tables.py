"""The metadata of every table of the backend, for migrations and tests."""

from __future__ import annotations

from ..applicants import tables as applicants
from ..certificates import tables as certificates
from ..chain import tables as chain
from ..claims import tables as claims
from ..disputes import tables as disputes
from ..facility import tables as facility
from ..http import tables as http
from ..ledger import tables as ledger
from ..onboarding import tables as onboarding
from ..platforms import tables as platforms
from ..policies import tables as policies
from ..wallets import tables as wallets
from ..webhooks import tables as webhooks
from .types import Base

MODULES = (
    applicants, certificates, chain, claims, disputes, facility, http, ledger, onboarding,
    platforms, policies, wallets, webhooks,
)  # fmt: skip
METADATA = Base.metadata
