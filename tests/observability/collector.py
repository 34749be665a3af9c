"""A real collector: takes traces by OTLP over HTTP, and keeps every byte of them."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

MOST_SECONDS = 30.0


@dataclass
class Collector:
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def spans(self) -> list[Span]:
        exported = (ExportTraceServiceRequest.FromString(body) for body in self.bodies)
        return [span for one in exported for resource in one.resource_spans for scope in resource.scope_spans for span in scope.spans]

    @property
    def resources(self) -> list[dict[str, str]]:
        exported = (ExportTraceServiceRequest.FromString(body) for body in self.bodies)
        return [
            {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            for one in exported
            for resource in one.resource_spans
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def wait_for(self, name: str, *, count: int = 1) -> list[Span]:
        """Until so many spans of this name have come."""
        with self.arrived:
            come = self.arrived.wait_for(lambda: len(self.named(name)) >= count, MOST_SECONDS)
        assert come, f"{name} did not come, but {sorted({span.name for span in self.spans})}"
        return self.named(name)


def attributes(span: Span) -> dict[str, str | int]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(collector)) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _handler(collector: Collector) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            with collector.arrived:
                collector.bodies.append(body)
                collector.paths.add(self.path)
                collector.arrived.notify_all()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    return Handler
