"""What the contracts declare is known elsewhere: events to the audit, errors to a test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backend.audit.declarations import EVENT_TEXTS, EVENTS, FOREIGN_TEXTS, READ
from contracts.client.abi import signature_hash
from contracts.client.system import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "contracts"
# Events and errors of OpenZeppelin's token, vault and access contracts are not ours to prove.
FOREIGN = {"Authority", "StableCoin"}
# Errors that no test can raise, and why.
UNREACHABLE = {
    "WriteFailed": "CREATE of a small data contract fails only when gas runs out",
}
SOURCES = [p for p in (ROOT / "contracts").rglob("*.sol") if "mocks" not in p.parts]


def declared(kind: str) -> set[str]:
    """Names of the events or errors that the project's own sources declare."""
    pattern = re.compile(rf"^\s*{kind}\s+(\w+)\s*\(", re.MULTILINE)
    return {name for path in SOURCES for name in pattern.findall(path.read_text())}


def abi(contract: str) -> list[dict[str, Any]]:
    path = BUILD / f"{contract}.json"
    if not path.exists():
        pytest.skip(f"{contract} is not compiled: run `make compile`")
    entries: list[dict[str, Any]] = json.loads(path.read_text())["abi"]
    return entries


@pytest.mark.parametrize("contract", sorted(set(CONTRACTS) - FOREIGN))
def test_events__each_contract__are_declared_by_the_audit_as_compiled(contract: str) -> None:
    own = declared("event")
    compiled = {
        signature_hash(entry): entry["name"]
        for entry in abi(CONTRACTS[contract])
        if entry["type"] == "event" and entry["name"] in own
    }
    known = {topic: event.name for topic, event in EVENTS.get(contract, {}).items()}
    assert known == compiled


@pytest.mark.parametrize("contract", sorted(EVENT_TEXTS))
def test_events__audit_declaration__is_of_a_deployed_contract(contract: str) -> None:
    assert contract in CONTRACTS


@pytest.mark.parametrize("contract", sorted(FOREIGN_TEXTS))
def test_events__of_openzeppelin__are_declared_by_the_audit_as_compiled(contract: str) -> None:
    compiled = {
        signature_hash(entry) for entry in abi(CONTRACTS[contract]) if entry["type"] == "event"
    }
    assert READ[contract].keys() - EVENTS.get(contract, {}).keys() <= compiled


def test_errors__each_custom_error__is_raised_by_a_test() -> None:
    tests = "\n".join(p.read_text() for p in (ROOT / "tests" / "contracts").rglob("*.py"))
    untested = {name for name in declared("error") if f'"{name}"' not in tests}
    assert untested == set(UNREACHABLE)
