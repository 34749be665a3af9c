"""Traces by OpenTelemetry, of requests, of the statements in them, and of webhook messages. Templates, names, ids and times go out;
no path, no query, no header, no text of a statement, no argument, and nothing of what an error says.
"""

import time
from importlib.metadata import version

from litestar.types import ASGIApp
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span, set_span_in_context

from openprospect.server.core.vault import Vault
from openprospect.server.observability.tracing.pushes import TracedSender
from openprospect.server.observability.tracing.requests import TracedRequests
from openprospect.server.observability.tracing.untraced import Untraced

_SERVICE = "openprospect"


class Tracing(Untraced):
    """A process's own. Where spans go, and how many, the OTEL_ variables say; they are sent by a thread, in batches."""

    def __init__(self) -> None:
        # What the operator says of the service comes last, and wins.
        about = {SERVICE_NAME: _SERVICE, SERVICE_VERSION: version("openprospect"), **OTELResourceDetector().detect().attributes}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE, version("openprospect"))

    def requests(self, app: ASGIApp) -> ASGIApp:
        return TracedRequests(app, self._tracer)

    def sender(self, vault: Vault, *, allow_private: bool) -> TracedSender:
        return TracedSender(self._tracer, vault, allow_private=allow_private)

    def on_statement(self, name: str, seconds: float, error: str | None) -> None:
        """A statement that has just ended, as part of the request that it ran for; those of the background are nobody's."""
        request = get_current_span()
        if not request.get_span_context().is_valid:
            return
        ended = time.time_ns()
        span = self._tracer.start_span(
            name,
            # The request may have been answered a moment ago: only what identifies it is needed.
            context=set_span_in_context(request, Context()),
            kind=SpanKind.CLIENT,
            start_time=ended - int(seconds * 1e9),
            attributes={"db.system.name": "postgresql", "db.query.summary": name},
        )
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def close(self) -> None:
        self._provider.shutdown()
