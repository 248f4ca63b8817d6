"""Queues calls of contracts, with the token approval that some of them need first."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from ..chain.contracts import Contracts
from ..chain.outbox import Intent, enqueue
from ..chain.tables import ChainTransaction
from ..http.context import Services
from ..http.problems import Problem
from ..http.writes import Write

WITHOUT_LIMIT = 2**256 - 1


def queue(
    session: Session,
    at: Services,
    sender: str,
    key: str,
    case_id: str,
    contract: str,
    function: str,
    *arguments: Any,
    platform_id: str | None = None,
    after: str | None = None,
) -> ChainTransaction:
    """Stores the intent to call a contract, once for each key."""
    intent = Intent(
        key=key,
        sender=sender,
        contract=contract,
        function=function,
        to=at.contracts.address(contract),
        data=at.contracts.data(contract, function, *arguments),
        case_id=case_id,
        platform_id=platform_id,
        after=after,
    )
    row = enqueue(session, intent, int(at.clock()))
    at.faults.reached("outbox.enqueued")
    return row


def queue_call(
    write: Write,
    sender: str,
    key: str,
    contract: str,
    function: str,
    *arguments: Any,
    after: str | None = None,
) -> ChainTransaction:
    """The same for a request, with its case id and platform."""
    return queue(
        write.session,
        write.at,
        sender,
        key,
        write.case_id,
        contract,
        function,
        *arguments,
        platform_id=write.caller.platform_id,
        after=after,
    )


def queue_approval(write: Write, sender: str, spender: str) -> ChainTransaction:
    """Lets an immutable contract pull tokens from the sender, once and for good.

    The contracts pull only from their caller, so an allowance without limit gives nobody else
    anything; a limited one would race between parallel purchases.
    """
    address = write.at.contracts.address(spender)
    key = f"approve:{sender}:{address}"
    return queue_call(write, sender, key, "StableCoin", "approve", address, WITHOUT_LIMIT)


def require_custody(write: Write, wallet: str) -> None:
    """
    :raises Problem: wallet-not-custodied
    """
    if write.at.keyring.signer(wallet) is None:
        raise Problem("wallet-not-custodied", f"no key of {wallet} is in the wallets folder")


def unsigned(contracts: Contracts, contract: str, function: str, *arguments: Any) -> dict[str, Any]:
    """A call that another wallet is to sign."""
    return {
        "to": contracts.address(contract),
        "data": "0x" + contracts.data(contract, function, *arguments).hex(),
        "value": "0",
        "chain_id": contracts.deployment.chain_id,
    }
