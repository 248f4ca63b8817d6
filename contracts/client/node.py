"""Connects to a node; changes with what is asked of every connection."""

from __future__ import annotations

from web3 import HTTPProvider, Web3


def connect(url: str, timeout: float = 10.0, *, retries: bool = True) -> Web3:
    """A client of the node at `url`; a request that takes longer than `timeout` seconds fails.

    Without web3's `validation` step, which asks for the chain's id before every request: what is
    signed here names its chain, and a deployment is checked against the genesis block.
    """
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout})
    if not retries:
        provider.exception_retry_configuration = None
    web3 = Web3(provider)
    web3.middleware_onion.remove("validation")
    return web3
