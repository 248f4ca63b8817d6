"""The whole real system, deployed once a module."""

from __future__ import annotations

import brownie
import pytest

from tests.support.live import Live


@pytest.fixture(scope="module")
def deployed(module_isolation) -> Live:
    return Live(brownie.web3)


@pytest.fixture
def live(deployed: Live, isolation) -> Live:
    """The system as the module's fixtures left it."""
    return deployed
