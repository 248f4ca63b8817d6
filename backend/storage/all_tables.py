"""The metadata of every table of the backend, for migrations and tests."""

from __future__ import annotations

from ..applicants import tables as applicants
from ..certificates import tables as certificates
from ..chain import tables as chain
from ..facility import tables as facility
from ..http import tables as http
from ..ledger import tables as ledger
from ..platforms import tables as platforms
from ..policies import tables as policies
from ..webhooks import tables as webhooks
from .types import Base

MODULES = (applicants, certificates, chain, facility, http, ledger, platforms, policies, webhooks)
METADATA = Base.metadata
