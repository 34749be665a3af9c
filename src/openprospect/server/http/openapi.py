"""The OpenAPI document: what the framework gathers from the routes, completed by what every route shares."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
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

EXAMPLES = Path(__file__).with_name("examples.json")
"""By operation: the example of its request, and of its answer by status. A test writes them from real answers."""

_MEANING = {
    401: "No key, or one that does not work (any more).",
    403: "The key lacks a scope.",
    404: "Not here, or not yours.",
    406: "Accept names none of the forms that there are; the message names them.",
    409: "It conflicts with what is there.",
    410: "The walk has expired: start again at offset 0.",
    413: "The body is too large.",
    415: "The body is of a kind that this endpoint does not read.",
    422: "The request is malformed; the message names the parameter or row.",
    429: "Too many requests: wait as Retry-After says.",
    500: "A fault of the service.",
    503: "The database cannot be reached just now: try again.",
}
_REFERENCE = "#/components/schemas/{name}"
_ALWAYS = (401, 403, 422, 429, 500, 503)

_REQUEST_ID = {"description": "The id of this request, which errors and the service's log carry too", "schema": {"type": "string"}}
_RETRY_AFTER = {"description": "Seconds to wait", "schema": {"type": "integer"}}
_HEADERS = {
    "401": {"WWW-Authenticate": {"description": "The scheme to use", "schema": {"type": "string", "const": "Bearer"}}},
    "429": {
        "Retry-After": _RETRY_AFTER,
        "RateLimit": {"description": "What is left of the key's hour, and its seconds", "schema": {"type": "string"}},
        "RateLimit-Policy": {"description": "How many requests an hour the key may make", "schema": {"type": "string"}},
    },
    "503": {"Retry-After": _RETRY_AFTER},
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors that a route may answer: those that every route may, and the ones named."""
    return {
        status: ResponseSpec(data_container=Problem, description=_MEANING[status], generate_examples=False)
        for status in sorted({*_ALWAYS, *statuses})
    }


def header(description: str, *, example: str) -> dict[str, Any]:
    """A header as OpenAPI describes it: for `opt["response_headers"]`, by name, or with its name for `opt["header_parameters"]`."""
    return {"description": description, "schema": {"type": "string"}, "example": example}


def answers(*media_types: str) -> dict[str, Any]:
    """What a route adds to its `opt=` so that the OpenAPI document shows the forms of an answer that is no JSON document."""
    return {"answers": media_types}


def config(version: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="OpenProspect",
        version=version,
        description="Delivered companies and the people at them: nothing missing, nothing doubled, nothing that should be gone.",
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer", bearer_format="opk_…")}),
        security=[{"key": []}],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
        render_plugins=[],
        path="/unused-openapi",
    )


def document(app: Litestar) -> bytes:
    """The document of a ready application, as JSON."""
    schema = app.openapi_schema.to_schema()
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    operations = list(_operations(app, schema["paths"]))
    for operation, handler in operations:
        _complete(operation, handler)
        _exemplify(operation, examples.get(operation["operationId"], {}))
    schema["components"]["schemas"] = _shapes(handler for _, handler in operations)
    return msgspec.json.format(msgspec.json.encode(schema), indent=2)


def _operations(app: Litestar, paths: dict[str, Any]) -> Iterator[tuple[dict[str, Any], HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format in paths:
            for method, operation in paths[route.path_format].items():
                yield operation, route.route_handler_map[method.upper()][0]


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    summary, _, rest = operation.get("description", "").partition("\n")
    scopes = [f"`{scope}`" for guard in handler.guards or () for scope in getattr(guard, "scopes", ())]
    operation["summary"] = summary.rstrip(".")
    required = f"Required scopes: {' and '.join(scopes)}." if scopes else ""
    operation["description"] = f"{rest.strip()}\n\n{required}".strip()
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "format": "uuid"}
    parameters += [_query_parameter(parameter) for parameter in declared(handler.opt)]
    parameters += handler.opt.get("header_parameters", ())
    # What the framework would say for a malformed request is 422 here.
    operation["responses"].pop("400", None)
    for status, response in operation["responses"].items():
        own = handler.opt.get("response_headers", {}) if status < "400" else {}
        response["headers"] = {"X-Request-Id": _REQUEST_ID} | _HEADERS.get(status, {}) | own
    if media_types := handler.opt.get("answers"):
        operation["responses"]["200"]["content"] = {media_type: {"schema": {"type": "string"}} for media_type in media_types}
    if bodies := _bodies(handler):
        schemas, _ = msgspec.json.schema_components(bodies.values(), ref_template=_REFERENCE)
        content = {media_type: {"schema": schema} for media_type, schema in zip(bodies, schemas, strict=True)}
        operation["requestBody"] = {"required": True, "content": content}


def _exemplify(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    for name, example in examples.items():
        content = (operation["requestBody"] if name == "request" else operation["responses"][name])["content"]
        content["application/json"]["example"] = example


def _shapes(handlers: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """The schema of every shape that a route takes or answers; the framework's own would lose their descriptions and order."""
    shapes: set[Any] = {Problem}
    for handler in handlers:
        shapes.update(_bodies(handler).values())
        shapes.update(spec.data_container for spec in (handler.responses or {}).values())
        shapes.add(handler.parsed_fn_signature.return_type.annotation)
    structs = sorted((shape for shape in shapes if isinstance(shape, msgspec.StructMeta)), key=lambda shape: shape.__name__)
    _, components = msgspec.json.schema_components(structs, ref_template=_REFERENCE)
    return dict(sorted(components.items()))


def _bodies(handler: HTTPRouteHandler) -> dict[str, Any]:
    """The shape of the body, by media type."""
    bodies: dict[str, Any] = handler.opt.get("request_body", {})
    return bodies


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
    """The OpenAPI 3.1 description of this service, made when it is first asked for."""
    state = request.app.state
    if "openapi" not in state:
        state.openapi = document(request.app)
    return Response(state.openapi, media_type=MediaType.JSON)
