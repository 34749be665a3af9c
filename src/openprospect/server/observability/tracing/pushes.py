"""A span for each webhook message, which its receiver may go on from: the message carries a `traceparent`."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_span_id, format_trace_id

from openprospect.server.core.vault import Vault
from openprospect.server.webhooks.message import Message
from openprospect.server.webhooks.model import Target
from openprospect.server.webhooks.sender import NO_HEADERS, Sender, Sent


class TracedSender(Sender):
    """Sends as its parent does, and tells of it."""

    def __init__(self, tracer: Tracer, vault: Vault, *, allow_private: bool) -> None:
        super().__init__(vault, allow_private=allow_private)
        self._tracer = tracer

    async def send(self, target: Target, message: Message, *, headers: Mapping[str, str] = NO_HEADERS) -> Sent:
        attributes = {
            "openprospect.webhook_id": str(target.id),
            "openprospect.message_id": message.id,
            "server.address": urlsplit(target.url).hostname or "",
        }
        with self._tracer.start_as_current_span(
            f"webhook {message.event}",
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            sent = await super().send(target, message, headers={**headers, "traceparent": _traceparent(span)})
            _describe(span, sent)
        return sent


def _traceparent(span: Span) -> str:
    """Alone: a `tracestate` would tell receivers of whoever called us."""
    context = span.get_span_context()
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


def _describe(span: Span, sent: Sent) -> None:
    if sent.attempt.status is not None:
        span.set_attribute("http.response.status_code", sent.attempt.status)
    if sent.attempt.failure is not None:
        span.set_attribute("error.type", str(sent.attempt.status or "no answer"))
        span.set_status(Status(StatusCode.ERROR, sent.attempt.failure))
