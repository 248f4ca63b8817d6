"""The OpenAPI document: operation names, and an example of every request."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from .examples import BODIES, PARAMETERS
from .problems import MEDIA_TYPE, PROBLEM_TYPES, ProblemDocument


def operation_id(route: APIRoute) -> str:
    """The endpoint function's name: stable, and what the client calls it."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """The document with examples; the same application gives the same document."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        components = made["components"]
        components["schemas"]["ProblemDocument"] = ProblemDocument.model_json_schema()
        components["responses"] = {}
        for path in made["paths"].values():
            for operation in path.values():
                _add_examples(operation)
                _share_problems(operation, components["responses"])
        app.openapi_schema = made
    return app.openapi_schema


def _share_problems(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """Problem responses become references; the operation lists their types by status."""
    types: dict[str, list[str]] = {}
    for status, response in operation["responses"].items():
        kinds = response.get(PROBLEM_TYPES)
        if kinds is None:
            continue
        types[status] = kinds
        name = f"Problem{status}"
        shared[name] = {
            "description": HTTPStatus(int(status)).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    if types:
        operation[PROBLEM_TYPES] = types


def written(made: dict[str, Any]) -> str:
    """The document as JSON text: one line for each path and each component, for readable diffs."""

    def block(entries: dict[str, Any], write: Callable[[Any], str]) -> str:
        lines = (f"{json.dumps(name)}:{write(value)}" for name, value in entries.items())
        return "{\n" + ",\n".join(lines) + "\n}"

    def compact(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    def by_line(entries: dict[str, Any]) -> str:
        return block(entries, compact)

    parts = dict(made)
    paths, components = parts.pop("paths"), parts.pop("components")
    texts = {name: compact(value) for name, value in parts.items()}
    texts |= {"paths": by_line(paths), "components": block(components, by_line)}
    return "{\n" + ",\n".join(f"{json.dumps(n)}:{t}" for n, t in texts.items()) + "\n}\n"


def _add_examples(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "Idempotency-Key":
            parameter["required"] = True
            parameter["schema"] = parameter["schema"]["anyOf"][0]
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    body = BODIES.get(operation["operationId"])
    if body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = body
