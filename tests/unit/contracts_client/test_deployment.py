"""Addresses are known beforehand, and constructor arguments are found by name."""

from __future__ import annotations

import pytest

from contracts.client.deployment import UnknownArgument, created_address, creation_code
from contracts.client.development import NAMES, person
from contracts.client.messages import AssessorDecision, Suspicion
from contracts.client.system import CONTRACTS, Deployment, SystemParameters


@pytest.mark.parametrize(
    ("nonce", "address"),
    [
        (0, "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d"),
        (1, "0x343c43A37D37dfF08AE8C4A11544c718AbB4fCF8"),
        (2, "0xf778B86FA74E846c4f0a1fBd1335FE81c00a0C91"),
        (3, "0xffFd933A0bC612844eaF0C6Fe3E5b8E9B6C1d19c"),
    ],
)
def test_created_address__published_vectors__agree(nonce: int, address: str) -> None:
    assert created_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", nonce) == address


def test_creation_code__argument_without_a_value__is_named() -> None:
    with pytest.raises(UnknownArgument, match=r"Authority: .* admin"):
        creation_code("Authority", {})


def test_creation_code__argument_by_name__is_appended() -> None:
    admin = person("deployer").address
    assert creation_code("Authority", {"admin": admin}).endswith(bytes.fromhex(admin[2:]))


def test_person__each_name__has_its_own_account() -> None:
    assert len({person(name).address for name in NAMES}) == len(NAMES)
    assert person("deployer").address == "0x90F8bf6A479f320ead074411a4B0e7944Ea8c9C1"


def test_deployment__written_and_read__is_the_same(tmp_path) -> None:
    address = person("deployer").address
    deployment = Deployment(
        1337, "0x" + "01" * 32, 4, dict.fromkeys(CONTRACTS, address), SystemParameters()
    )
    deployment.write(tmp_path / "deployment.json")
    assert Deployment.read(tmp_path / "deployment.json") == deployment
    assert deployment.domain(Suspicion).name == "flowcover IncidentRegistry"
    assert deployment.domain(AssessorDecision).verifying_contract == address
