"""The routes that an application has below /api, looked up in the application itself: a new one cannot be forgotten."""

from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from openprospect.server.access.guard import Requires


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    name: str
    method: str
    path: str  # as in `/deliveries/{prospect_search_id}/companies`, below /api/v1
    handler: HTTPRouteHandler

    @property
    def guards(self) -> list[Requires]:
        return [guard for guard in self.handler.resolve_guards() if isinstance(guard, Requires)]


def litestar_of(app: Any) -> Litestar:
    """The application inside its middleware."""
    while not isinstance(app, Litestar):
        app = app._app
    return app


def api_routes(app: Any) -> list[ApiRoute]:
    """In the order of their names, so that every process of a test run collects the same tests."""
    found = [
        ApiRoute(name=handler.handler_name, method=method, path=route.path_format.removeprefix("/api/v1"), handler=handler)
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/api")
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    ]
    return sorted(found, key=lambda route: (route.name, route.method, route.path))
