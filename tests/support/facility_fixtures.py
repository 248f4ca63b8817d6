"""A platform's certificates: everything deployed, and a series; for three contracts' tests."""

import brownie
import pytest

from tests.support import facility


@pytest.fixture(scope="module")
def world(accounts):
    return facility.deploy_world(brownie.project.get_loaded_projects()[0], accounts)


@pytest.fixture(scope="module")
def series(world, chain):
    """A series whose certificates have ended in a day."""
    return world.series(expiryBucket=chain.time() + 86_400)
