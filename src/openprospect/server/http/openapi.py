"""The OpenAPI document: what the framework gathers from the routes, completed by what every route shares."""

from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from openprospect.server.http.errors import Problem
from openprospect.server.http.parameters import Parameter, declared

_MEANING = {
    401: "No key, or one that does not work (any more).",
    403: "The key lacks a scope.",
    404: "Not here, or not yours.",
    409: "It conflicts with what is there.",
    410: "The walk has expired: start again at offset 0.",
    413: "The body is too large.",
    415: "The body is of a kind that this endpoint does not read.",
    422: "The request is malformed; the message names the parameter or row.",
    429: "Too many requests: wait as Retry-After says.",
    500: "A fault of the service.",
    503: "The database cannot be reached just now: try again.",
}

_ALWAYS = (401, 403, 422, 429, 500, 503)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that a route may answer: those that every route may, and the ones named."""
    return {
        status: ResponseSpec(data_container=Problem, description=_MEANING[status], generate_examples=False)
        for status in sorted({*_ALWAYS, *statuses})
    }


def config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="OpenProspect",
        version=version,
        description="Delivered companies and the people at them: nothing missing, nothing doubled, nothing that should be gone.",
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer", bearer_format="opk_…")}),
        security=[{"key": []}],
        use_handler_docstrings=True,
        render_plugins=[],
        path="/unused-openapi",
    )


def document(app: Litestar) -> bytes:
    """The document of a ready application, as JSON."""
    schema = app.openapi_schema.to_schema()
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format in schema["paths"]:
            for method, operation in schema["paths"][route.path_format].items():
                handler, _ = route.route_handler_map[method.upper()]
                _complete(operation, handler, schema["components"]["schemas"])
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2)


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler, components: dict[str, Any]) -> None:
    # What the framework would say for a malformed request is 422 here.
    operation["responses"].pop("400", None)
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "format": "uuid"}
    parameters += [_query_parameter(parameter) for parameter in declared(handler.opt)]
    parameters += handler.opt.get("header_parameters", ())
    scopes = [f"`{scope}`" for guard in handler.guards or () for scope in getattr(guard, "scopes", ())]
    if scopes:
        operation["description"] = f"{operation.get('description', '')}\n\nRequired scopes: {' and '.join(scopes)}.".strip()
    if bodies := handler.opt.get("request_body"):
        (schemas, shapes) = msgspec.json.schema_components(bodies.values(), ref_template="#/components/schemas/{name}")
        components.update(shapes)
        content = {media_type: {"schema": schema} for media_type, schema in zip(bodies, schemas, strict=True)}
        operation["requestBody"] = {"required": True, "content": content}


def _query_parameter(parameter: Parameter[Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": parameter.schema(),
    }


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_document(request: Request[Any, Any, State]) -> Response[bytes]:
    """The OpenAPI 3.1 description of this service."""
    return Response(request.app.state.openapi, media_type=MediaType.JSON)
