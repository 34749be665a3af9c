"""HTTP for machines: can this service serve, and how is it doing?"""

import hmac
from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from openprospect.server.core.deadline import by_deadline
from openprospect.server.core.errors import Forbidden, Unauthenticated, Unavailable
from openprospect.server.db.pool import Database
from openprospect.server.http.address import address_of
from openprospect.server.observability import store
from openprospect.server.observability.multiprocess import registry_with
from openprospect.server.observability.scrape import scrape

# Half of what Prometheus waits for a scrape, unless told otherwise: a database that hangs is told of, instead of silence.
_DATABASE_SECONDS = 5.0


@get("/ready", include_in_schema=False)
async def ready(state: State, database: NamedDependency[Database]) -> dict[str, str]:
    """The service can serve: its database answers, and it is not about to stop. 503 where that is not so."""
    if state.departure.is_announced:
        raise Unavailable("This process is about to stop; ask another.")
    await by_deadline(store.answers(database), seconds=_DATABASE_SECONDS, message="The database does not answer; ask another.")
    return {"status": "ready"}


@get("/metrics", include_in_schema=False)
async def metrics(request: Request[Any, Any, State], database: NamedDependency[Database]) -> Response[bytes]:
    """What Prometheus scrapes, of every tenant: for the operator's eyes."""
    _admit(request, request.app.state.metrics_token)
    told = await scrape(database, request.app.state.version, seconds=_DATABASE_SECONDS)
    registry = registry_with(request.app.state.request_metrics, told)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _admit(request: Request[Any, Any, State], token: str | None) -> None:
    """Whoever brings the token; where there is none, whoever is on this machine and asks us directly."""
    if token is not None:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
            raise Unauthenticated("Send the header `Authorization: Bearer …` with the token of OPENPROSPECT_METRICS_TOKEN.")
    elif not _is_here(address_of(request)) or _came_by_a_proxy(request):
        raise Forbidden("Metrics go to this machine alone, and not by a proxy; set OPENPROSPECT_METRICS_TOKEN to scrape them otherwise.")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _came_by_a_proxy(request: Request[Any, Any, State]) -> bool:
    """A proxy on this machine has a loopback address itself, whoever is behind it."""
    return any(name in {"forwarded", "via", "x-real-ip"} or name.startswith("x-forwarded-") for name in request.headers.keys())  # noqa: SIM118
