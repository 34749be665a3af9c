"""HTTP: a whole feed as one stream."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from litestar import get
from litestar.datastructures.headers import Accept
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.model import Scope
from openprospect.server.core.errors import InvalidInput, NotAcceptable
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.db.replicas import Replicas
from openprospect.server.feed.exporting.batches import Export, ExportChunk, begin_export, read_batches
from openprospect.server.feed.exporting.formats import FORMATS, Format
from openprospect.server.feed.receipts import Receipts
from openprospect.server.feed.routes import AFTER, DELIVERED_SINCE
from openprospect.server.http.methods import is_head
from openprospect.server.http.openapi import answers, header, problems
from openprospect.server.http.parameters import Choice, Moment, path_identifier, query, query_of
from openprospect.server.http.streaming import broken_off, nothing
from openprospect.server.searches.model import SearchId

_FORMAT = Choice("format", choices=tuple(FORMATS), description="The form of the stream, for those who cannot send Accept")
_DELIVERED_UNTIL = Moment("delivered_until", description="Return companies delivered up to this timestamp, itself included")
_AS_OF = Moment(
    "as_of", description="As the feed stood at this timestamp: the Delivery-Watermark of a walk that was used within the last hour"
)
_HEADERS = {
    "response_headers": {
        "Delivery-Watermark": header(
            "Up to where the stream goes: where the feed stood when it began, or delivered_until before that",
            example="2026-02-25T12:00:00.000001Z",
        ),
        "Delivery-Instance": header("Which service this is, wherever it answers", example="0b8f4c8e-6b1d-4a53-9d0e-3f3f1c2d4e5f"),
        "Content-Disposition": header("A name for the file", example='attachment; filename="deliveries.ndjson"'),
    }
}


@get(
    "/deliveries/{prospect_search_id:str}/export",
    guards=[Requires(Scope.COMPANIES_READ, Scope.PROSPECTS_READ)],
    tags=["Deliveries"],
    opt=query(DELIVERED_SINCE, AFTER, _DELIVERED_UNTIL, _AS_OF, _FORMAT)
    | _HEADERS
    | answers(*(known.media_type for known in FORMATS.values())),
    responses=problems(404, 406, 410)
    | {200: ResponseSpec(data_container=bytes, description="One company after the other.", generate_examples=False)},
)
async def export_companies(
    request: CallersRequest, prospect_search_id: FromPath[str], database: NamedDependency[Database], receipts: NamedDependency[Receipts]
) -> Stream:
    """Everything delivered, as one stream, ascending by `delivered_at`.

    What changes while it runs comes later: go on with `delivered_since` from `Delivery-Watermark`, or, where a stream broke off,
    from the biggest `delivered_at` that arrived.
    """
    arguments = query_of(request)
    form = FORMATS[chosen] if (chosen := arguments[_FORMAT]) else _acceptable(request)
    search_id = SearchId(path_identifier("prospect_search_id", prospect_search_id))
    caller, since, after = request.auth, arguments[DELIVERED_SINCE], arguments[AFTER]
    if since is not None and after is not None:
        raise InvalidInput("Send after without delivered_since: it replaces it.", parameter="after")
    export = await begin_export(
        database, search_id, caller.organization_id, since=since or after, until=arguments[_DELIVERED_UNTIL], as_of=arguments[_AS_OF]
    )
    # Only now is the search known to be the caller's, and before anything is served: what this stream holds proves nothing.
    if since is not None:
        receipts.confirm(search_id, caller.consumer, since)
    replicas: Replicas = request.app.state.replicas
    # And out of the tenant's walls, which would ask so again of every row.
    batches = _given_out(
        read_batches(database.whole, export, replicas=replicas),
        export,
        lambda until: receipts.served(search_id, caller.consumer, since=export.since, until=until),
    )
    headers = {
        "Delivery-Watermark": format_timestamp(export.watermark),
        "Delivery-Instance": request.app.state.instance,
        "Content-Disposition": f'attachment; filename="deliveries-{search_id}.{form.extension}"',
        "Cache-Control": "private, no-store",
        "Vary": "Accept, Accept-Encoding",
    }
    stream = nothing() if is_head(request) else broken_off(form.encode(batches))
    return Stream(stream, media_type=form.media_type, headers=headers)


async def _given_out(batches: AsyncIterator[ExportChunk], export: Export, served: Callable[[datetime], None]) -> AsyncIterator[bytes]:
    async for batch in batches:
        served(batch.last_at)
        if batch.lines:
            yield batch.lines
    served(export.watermark)


def _acceptable(request: CallersRequest) -> Format:
    """Raises NotAcceptable where the caller takes none of the forms."""
    by_media_type = {known.media_type: known for known in FORMATS.values()}
    media_type = Accept(request.headers.get("accept") or "*/*").best_match(list(by_media_type))
    if media_type is None:
        raise NotAcceptable(f"An export comes as {', '.join(by_media_type)}: name one of them in Accept, or send none.")
    return by_media_type[media_type]
