"""OpenTelemetry spans of requests and jobs, when an endpoint for traces is configured.

Only the API of OpenTelemetry is imported here; its SDK and exporter are the optional dependencies
`traces`, needed when an endpoint is given. Without one requests and jobs run as if this were not
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME = "flowcover"
API = "/v1/"
"""What FastAPI leaves out of the path of a route that was included under a prefix."""

CASE = "flowcover.case_id"
"""Attribute under which logs, audit rows and chain transactions know the case too."""


class TracesMissing(ImportError):
    """The optional dependencies for traces are not installed."""


class Traced:
    """Middleware: a span for each request, named by its route."""

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._tracer = provider.get_tracer(NAME)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._tracer.start_as_current_span(scope["method"], kind=SpanKind.SERVER) as span:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _tell(span, scope, message)
                await send(message)

            await self._app(scope, receive, told)


def _tell(span: Span, scope: Scope, start: Message) -> None:
    """What is known of a request when its answer begins."""
    path = getattr(scope.get("route"), "path", "")
    if path and scope["path"].startswith(API) and not path.startswith(API):
        path = API + path.removeprefix("/")
    headers = dict(start["headers"])
    if path:
        span.update_name(f"{scope['method']} {path}")
        span.set_attribute("http.route", path)
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.response.status_code", start["status"])
    span.set_attribute(CASE, headers.get(b"x-case-id", b"").decode("latin-1"))
    if start["status"] >= 500:
        span.set_status(Status(StatusCode.ERROR))


@contextmanager
def job_span(provider: TracerProvider | None, name: str, case_id: str) -> Iterator[None]:
    """A span around one pass of a job; an error that leaves the block is recorded in it."""
    if provider is None:
        yield
        return
    with provider.get_tracer(NAME).start_as_current_span(f"job {name}") as span:
        span.set_attribute(CASE, case_id)
        yield


def exporting(endpoint: str) -> TracerProvider:
    """A provider that sends spans to an OTLP endpoint over HTTP in the background.

    :raises TracesMissing: see the class
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as SdkProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracesMissing("install flowcover[traces] to send traces") from error
    provider: TracerProvider = SdkProvider(resource=Resource.create({"service.name": NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))  # type: ignore[attr-defined]
    return provider
