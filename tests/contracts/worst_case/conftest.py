"""The same system that the attack tests use."""

from tests.contracts.threats.conftest import deployed, isolation, target

__all__ = ["deployed", "isolation", "target"]
