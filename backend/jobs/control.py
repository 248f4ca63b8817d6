"""Looks at the records and files of control challenges that were asked to be verified.

The network is asked outside of any database transaction. A name counts only if every address of it
is the asset's own, and no address that is not public is asked outside of a sandbox.
"""

from __future__ import annotations

from ipaddress import ip_address

from sqlalchemy import select

from ..applicants.tables import Asset
from ..domain import control
from ..domain.control import Method
from ..http.context import Services
from ..onboarding.lookups import LookupFailed, Lookups
from ..onboarding.service import CHECKING, EXPIRED, PENDING, PROVEN, instructions
from ..onboarding.tables import ControlChallenge
from ..webhooks.addresses import AddressRefused, is_public

CHALLENGES_A_PASS = 20


def run_control(at: Services, lookups: Lookups | None = None) -> int:
    """One pass; how many challenges were proven."""
    using = lookups or Lookups()
    query = select(ControlChallenge).where(ControlChallenge.status == CHECKING)
    with at.database.read() as session:
        rows = [
            (row, session.get_one(Asset, row.asset_id))
            for row in session.scalars(query.order_by(ControlChallenge.id).limit(CHALLENGES_A_PASS))
        ]
    return sum(_look(at, using, row, asset) for row, asset in rows)


def _look(at: Services, lookups: Lookups, row: ControlChallenge, asset: Asset) -> bool:
    now = int(at.clock())
    if row.expires_at <= now:
        status, detail = EXPIRED, "the challenge has expired"
    else:
        try:
            shown = _shown(lookups, row, asset, at.sandbox is not None)
            status = PROVEN if shown else PENDING
            detail = "found" if shown else "something else was found than the expected content"
        except (LookupFailed, AddressRefused) as error:
            status, detail = PENDING, str(error)[:300]
    with at.database.write() as session:
        stored = session.get_one(ControlChallenge, row.id)
        if stored.status != CHECKING:
            return False
        stored.status, stored.detail = status, detail
        stored.proven_at = now if status == PROVEN else None
    return status == PROVEN


def _shown(lookups: Lookups, row: ControlChallenge, asset: Asset, private: bool) -> bool:
    """Whether record or file has the expected content.

    :raises LookupFailed, AddressRefused: the network does not answer, or may not be asked
    """
    service = asset.definition["service"]
    addresses = lookups.resolve(row.target, service["port"])
    for address in addresses:
        if not private and not is_public(ip_address(address)):
            raise AddressRefused(f"{row.target} has the address {address}, which is not public")
        if not control.belongs(address, asset.definition["hosts"], asset.definition["cidrs"]):
            raise AddressRefused(f"{row.target} has the address {address}, not one of the asset's")
    if not addresses:
        raise LookupFailed(f"{row.target} does not resolve")
    asked = instructions(asset, row)
    if row.method == Method.DNS_TXT:
        return control.shows(lookups.txt(asked.place), asked.content)
    return control.shows([lookups.fetch(asked.place, addresses[0])], asked.content)
