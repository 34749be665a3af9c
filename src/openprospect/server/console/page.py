"""Pages from templates, and the headers that keep a browser to what this service sent."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from litestar.response import Redirect
from markupsafe import Markup

from openprospect.server.console import words
from openprospect.server.console.model import Operator
from openprospect.server.console.verdict import name_of, state_of
from openprospect.server.core.errors import NotFound

ROOT = "/console"

_FOLDER = Path(__file__).with_name("assets")
_MEDIA_TYPES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # With no-referrer, browsers would send forms with the origin "null".
    "Referrer-Policy": "same-origin",
    # What is shown here must not stand in a cache after signing out.
    "Cache-Control": "no-store",
}
_ASSET_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable"}


def page(request: Request[Any, Any, Any], template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A page, or a part of one, for whoever is signed in."""
    operator = request.scope.get("auth")
    shared = {"operator": operator if isinstance(operator, Operator) else None, "path": request.scope["path"]}
    return Response(rendered(template, **shared, **values), status_code=status, media_type="text/html", headers=_PAGE_HEADERS)


def rendered(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


def download(content: str | bytes, *, name: str, media_type: str) -> Response[str | bytes]:
    """A file for the reader's disk."""
    return Response(content, media_type=media_type, headers={**_PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'})


def see(path: str) -> Redirect:
    """After something was changed: the page that shows it, so that reloading does not change it again."""
    return Redirect(f"{ROOT}{path}", status_code=303, headers=dict(_PAGE_HEADERS))


def asset_router() -> Router:
    """The files of the pages, read once; their address carries their digest, so a browser may keep them for ever."""
    assets, digest = _assets()

    @get("/{version:str}/{name:str}", sync_to_thread=False)
    def console_asset(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        if version != digest or name not in assets:
            raise NotFound("The console has no such file; reload the page for the current ones.")
        return Response(assets[name], media_type=_MEDIA_TYPES[name], headers=_ASSET_HEADERS)

    return Router("/assets", route_handlers=[console_asset])


def _csrf_field(operator: Operator) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(operator.csrf)


@cache
def _assets() -> tuple[Mapping[str, bytes], str]:
    assets = {name: (_FOLDER / name).read_bytes() for name in _MEDIA_TYPES}
    return assets, sha256(b"".join(assets.values())).hexdigest()[:16]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {**words.FILTERS, "state": state_of, "consumer": name_of}
    environment.globals |= {"root": ROOT, "assets": f"{ROOT}/assets/{_assets()[1]}", "csrf_field": _csrf_field}
    return environment
