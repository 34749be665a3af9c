"""Every request counted, timed and logged, by the template of its route: never by its path, which may name somebody."""

from collections.abc import Iterable
from functools import cache
from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from openprospect.server.http.identity import identity_in
from openprospect.server.observability.logs import ACCESS, current_request_id

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for every other one, that nobody asks for

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_UNMATCHED = "(no such route)"


class RequestMetrics(Collector):
    """What a process counts of its requests."""

    def __init__(self) -> None:
        self._requests = Counter("openprospect_requests", "Requests answered", ["method", "route", "status"], registry=None)
        self._seconds = Histogram(
            "openprospect_request_seconds", "Time to a whole answer", ["method", "route"], buckets=_BUCKETS, registry=None
        )
        self._asked = Counter("openprospect_replica_reads", "Reads put to replicas", ["replica", "outcome"], registry=None)
        # The library checks the names of labels, under a lock, each time that it is asked for the same series.
        self._counted = cache(lambda method, route, status: self._requests.labels(method, route, str(status)))
        self._timed = cache(self._seconds.labels)

    def collect(self) -> Iterable[Metric]:
        return [*self._requests.collect(), *self._seconds.collect(), *self._asked.collect()]

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        self._counted(method, route, status).inc()
        self._timed(method, route).observe(seconds)

    def note_replica(self, replica: str, outcome: str) -> None:
        self._asked.labels(replica, outcome).inc()


class Observed:
    """ASGI middleware, closest to the routes: only there is the template known."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        request_id = current_request_id.set(scope.get("openprospect_request_id"))  # type: ignore[arg-type]
        try:
            await self._app(scope, receive, send_noting_status)
        finally:
            self._note(scope, status, perf_counter() - started)
            current_request_id.reset(request_id)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template") or _UNMATCHED)
        method = str(scope["method"])  # type: ignore[typeddict-item]
        self._metrics.note(method, route, status, seconds)
        if ACCESS.isEnabledFor(20):
            fields = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
            ACCESS.info("request", extra={"fields": fields | identity_in(scope)})
