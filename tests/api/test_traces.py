"""Spans of requests and jobs, with a provider that keeps them; nothing without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.span import INVALID_SPAN_CONTEXT

from backend.app import create_app, create_services
from backend.jobs.scheduler import Job, Jobs
from backend.observability.traces import CASE
from backend.settings import SettingsError
from tests.support.api import ADMIN, DEPLOYMENT, Bench
from tests.support.asgi import Client


class KeptSpan(NonRecordingSpan):
    """A span whose name, attributes, status and errors can be read."""

    def __init__(self, name: str) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self.name = name
        self.attributes: dict[str, Any] = {}
        self.status: StatusCode | None = None
        self.errors: list[str] = []

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def update_name(self, name: str) -> None:
        self.name = name

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.status = status.status_code if isinstance(status, Status) else status


class Kept(TracerProvider, Tracer):
    """Keeps the spans that ended."""

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []

    def get_tracer(self, *_: Any, **__: Any) -> Tracer:
        return self

    def start_span(self, name: str, *_: Any, **__: Any) -> Any:
        return KeptSpan(name)

    @contextmanager
    def start_as_current_span(self, name: str, *_: Any, **__: Any) -> Iterator[Any]:  # type: ignore[override]
        span = KeptSpan(name)
        try:
            yield span
        except Exception as error:
            span.errors.append(type(error).__name__)
            raise
        finally:
            self.spans.append(span)


@pytest.fixture
def kept(bench: Bench) -> Iterator[tuple[Kept, Client]]:
    provider = Kept()
    bench.services.traces = provider
    client = Client(create_app(bench.settings, bench.services))
    yield provider, client
    client.close()


def test_request__traced__has_a_span_with_route_status_and_case(kept: tuple[Kept, Client]) -> None:
    provider, client = kept
    headers = {"Authorization": f"Bearer {ADMIN}", "X-Case-Id": "case-7"}
    client.get("/v1/policies/12", headers=headers)
    (span,) = provider.spans
    assert span.name == "GET /v1/policies/{policy}"
    assert span.attributes == {
        "http.route": "/v1/policies/{policy}",
        "http.request.method": "GET",
        "http.response.status_code": 404,
        CASE: "case-7",
    }
    assert span.status is None


def test_job__traced__has_a_span_and_its_error(bench: Bench, kept: tuple[Kept, Client]) -> None:
    provider, _ = kept

    def broken() -> None:
        raise ValueError

    jobs = Jobs(bench.services)
    jobs.run(Job("good", lambda: None))
    jobs.run(Job("bad", broken))
    assert [(span.name, span.errors) for span in provider.spans] == [
        ("job good", []),
        ("job bad", ["ValueError"]),
    ]
    assert provider.spans[0].attributes[CASE].startswith("job_good_")


def test_services__traces_wanted_without_what_sends_them__do_not_start(
    bench: Bench, tmp_path: Path
) -> None:
    DEPLOYMENT.write(tmp_path / "deployment.json")
    settings = replace(
        bench.settings,
        deployment=tmp_path / "deployment.json",
        traces_url="http://127.0.0.1:4318/v1/traces",
    )
    with pytest.raises(SettingsError, match=r"flowcover\[traces\]"):
        create_services(settings)
