"""A Ganache of the tests' own."""

from scripts.committee.local_chain import ROOT, LocalChain, free_port, local_chain, wait_until

__all__ = ["ROOT", "LocalChain", "free_port", "local_chain", "wait_until"]
