"""The reference page at `/docs`: Swagger UI over this service's own OpenAPI document, from files that ship with it.

The page fetches from this service alone, and its Content-Security-Policy holds it to that.
"""

from hashlib import sha256
from pathlib import Path

from litestar import Response, Router, get
from litestar.params import FromPath

from openprospect.server.core.errors import NotFound

_FOLDER = Path(__file__).with_name("assets")
_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "page.js": "text/javascript",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
_ASSET_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable"}


def reference_router() -> Router:
    """The page and its files, read once; the files' address carries their digest, so a browser may keep them for ever."""
    assets = {name: (_FOLDER / name).read_bytes() for name in _MEDIA_TYPES}
    digest = sha256(b"".join(assets.values())).hexdigest()[:16]
    page = (_FOLDER / "page.html").read_text(encoding="utf-8").replace("{assets}", f"/docs/assets/{digest}").encode()

    @get("/", sync_to_thread=False)
    def reference_page() -> Response[bytes]:
        return Response(page, media_type="text/html", headers=_PAGE_HEADERS)

    @get("/assets/{version:str}/{name:str}", sync_to_thread=False)
    def reference_asset(version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        if version != digest or name not in assets:
            raise NotFound("The reference page has no such file; reload /docs for the current ones.")
        return Response(assets[name], media_type=_MEDIA_TYPES[name], headers=_ASSET_HEADERS)

    return Router("/docs", route_handlers=[reference_page, reference_asset], include_in_schema=False)
