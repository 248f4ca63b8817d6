"""The committed OpenAPI document is the application's, and every example in it can be sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.app import offline_document
from backend.http.openapi import written
from backend.http.problems import PROBLEMS
from tests.support.world import World

COMMITTED = Path(__file__).resolve().parents[2] / "openapi.json"
OPERATIONS = [
    (path, method, operation)
    for path, operations in offline_document()["paths"].items()
    for method, operation in operations.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]


def test_document__committed__is_what_the_application_gives() -> None:
    assert COMMITTED.read_text() == written(offline_document()), "make openapi"


def test_operations__names__are_unique() -> None:
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_operation__parameters_and_body__have_examples(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    required = [p for p in operation.get("parameters", []) if p["required"]]
    assert [p["name"] for p in required if "example" not in p] == []
    if "requestBody" in operation:
        assert "example" in operation["requestBody"]["content"]["application/json"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_operation__problem_types__are_known(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for status, kinds in operation.get("x-problem-types", {}).items():
        assert [PROBLEMS[kind].status for kind in kinds] == [int(status)] * len(kinds)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_example__sent_as_documented__gives_the_documented_answer(
    shared_world: World, path: str, method: str, operation: dict[str, Any]
) -> None:
    world = shared_world
    answer = world.request(path, method, operation, world.key_for(operation))
    expected = [int(status) for status in operation["responses"] if status.startswith("2")]
    assert answer.status_code in expected, answer.text
    if answer.headers["content-type"] == "application/json":
        assert isinstance(json.loads(answer.text), dict)
