"""One chain with the contracts that members read and write, and committees of real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.client.artifacts import artifact, is_compiled
from contracts.client.deployment import deploy
from contracts.client.development import development_people, person
from contracts.client.sender import KeySender
from contracts.client.system import CONTRACTS, Deployment, SystemParameters
from oracles.attest.model import load_scorer
from scripts.committee.local_chain import LocalChain, local_chain

PARAMETERS = SystemParameters(
    frame_length=10,
    max_frame_age=6,
    slot_length=2,
    max_report_delay=600,
    withdrawal_delay=1_200,
)


@pytest.fixture(scope="session")
def chain() -> Iterator[LocalChain]:
    if not all(is_compiled(name) for name in CONTRACTS.values()):
        pytest.skip("the contracts are not compiled: run `make compile`")
    with local_chain() as running:
        yield running


@pytest.fixture(scope="session")
def deployment(chain: LocalChain) -> Deployment:
    deployer = KeySender(chain.web3, person("deployer").key)
    deployed = deploy(chain.web3, deployer, development_people(), PARAMETERS)
    registry = chain.web3.eth.contract(
        address=deployed.contracts["ModelRegistry"], abi=artifact("ModelRegistry").abi
    )
    approval = registry.encode_abi("approve", args=[load_scorer(None).model_hash, 0, "shipped"])
    admin = KeySender(chain.web3, person("product_admin").key)
    admin.send({"to": registry.address, "data": approval})  # type: ignore[typeddict-item]
    return deployed
