"""A span for each request, named by the template of its route, in the trace that the caller is in, if any."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# Not the configured propagators: baggage, which some of these read, is a text of the caller's about anything.
_PROPAGATOR = TraceContextTextMapPropagator()


class TracedRequests:
    """ASGI middleware, close to the routes: only there is the template known."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            scope["method"],
            context=_callers(scope),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                _describe(span, scope, status)


def _callers(scope: HTTPScope) -> Context:
    carrier = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"] if name in {b"traceparent", b"tracestate"}
    }
    return _PROPAGATOR.extract(carrier, Context())


def _describe(span: Span, scope: HTTPScope, status: int) -> None:
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("openprospect.request_id", str(scope.get("openprospect_request_id", "")))
    if route := scope.get("path_template"):
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", str(route))
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))
