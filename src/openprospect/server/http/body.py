"""Request bodies: read whole within the limit, decoded strictly, with errors that name the field."""

from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from openprospect.server.core.errors import EncodedBody, InvalidInput

MAX_BODY_BYTES = 64 << 20
_SHOWN = 100

T = TypeVar("T")


def takes(*shapes: Any, media_types: tuple[str, ...] = ("application/json",)) -> dict[str, Any]:
    """What a route adds to its `opt=` so that the OpenAPI document shows its body: one shape a media type."""
    return {"request_body": dict(zip(media_types, shapes, strict=True))}


def media_type_of(request: Request[Any, Any, Any]) -> str:
    """The body's media type without parameters; JSON where the caller named none. Raises EncodedBody for one that is compressed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise EncodedBody(f"The body is sent with Content-Encoding: {encoding[:_SHOWN]}; send it as it is, uncompressed.")
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


async def json_body(request: Request[Any, Any, Any], shape: type[T]) -> T:
    """The body as this shape. Raises InvalidInput, or 415 for another media type."""
    if media_type_of(request) != "application/json":
        raise HTTPException(status_code=415)
    return decoded(await request.body(), shape)


def decoded(body: bytes, shape: type[T]) -> T:
    """JSON of this shape; raises InvalidInput that names the field."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The request body is invalid: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The body is not valid JSON in UTF-8.") from None
