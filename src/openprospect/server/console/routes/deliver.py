"""Pages: drop a file, see what would happen, deliver it.

Both answers come while the work is under way: JSON lines that tell how far it is, and a last one with the result.
"""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import page, rendered
from openprospect.server.console.routes.search import own_feed
from openprospect.server.console.upload import Report, deliver_upload
from openprospect.server.console.words import counted
from openprospect.server.core.errors import InvalidInput, OpenProspectError
from openprospect.server.db.pool import Database
from openprospect.server.feed.rows.row import COMPANY_FIELDS, PROSPECT_FIELDS
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.http.streaming import broken_off
from openprospect.server.intake.columns import one_column_each
from openprospect.server.intake.deliver import FileDelivery
from openprospect.server.intake.file import ENDINGS, Choices, open_content
from openprospect.server.intake.formats.alphabets import ENCODINGS
from openprospect.server.intake.formats.spreadsheet import UnclearSheet
from openprospect.server.intake.remarks import remarks
from openprospect.server.searches.lookup import own_search

_FIELDS = (*COMPANY_FIELDS, *(f"prospects.{field}" for field in PROSPECT_FIELDS), "prospects.full_name")
_COLUMNS = msgspec.json.Decoder(list[tuple[str, str]])


@get("/searches/{search_id:str}/deliver")
async def deliver_page(request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """Asks for a file."""
    return page(request, "deliver.html", feed=await own_feed(request, database, search_id), endings=ENDINGS)


@post("/searches/{search_id:str}/deliver", status_code=200)
async def deliver_upload_form(
    request: OperatorsRequest, search_id: FromPath[str], database: NamedDependency[Database], writing: NamedDependency[Writing]
) -> Stream:
    """Checks a file, or delivers it where the form says `deliver`."""
    form = await checked_form(request)
    feed = await own_feed(request, database, search_id)
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInput("Choose a file first.")
    search = await own_search(database, feed.search_id, request.auth.organization_id)
    delivery = FileDelivery(writing=writing, search=search, actor=request.auth.actor, dry_run=text(form, "step") != "deliver")
    lines = _lines(delivery, file.filename, await file.read(), form)
    return Stream(broken_off(lines), media_type="application/x-ndjson")


async def _lines(delivery: FileDelivery, name: str, content: bytes, form: FormMultiDict) -> AsyncIterator[bytes]:
    try:
        opened = partial(open_content, name, content, _choices(form))
        async for report in deliver_upload(delivery, opened):
            yield _line(_last(delivery, name, report) if report.is_over else _progress(report))
    except OpenProspectError as error:
        sheets = error.sheets if isinstance(error, UnclearSheet) else ()
        yield _line({"html": rendered("parts/unreadable.html", message=error.message, name=name, sheets=sheets)})


def _choices(form: FormMultiDict) -> Choices:
    """What the reader chose; the columns of one sheet say nothing of another's."""
    sheet = text(form, "sheet")
    mapping = _mapping(form) if sheet == text(form, "columns_of") else {}
    return Choices(mapping=mapping, encoding=text(form, "encoding") or None, sheet=sheet or None)


def _mapping(form: FormMultiDict) -> dict[str, str]:
    """What the reader made of the columns, headings with fields; raises InvalidInput where two fill one field.

    In one field of the form: a table may have more columns than a form fields.
    """
    try:
        chosen = _COLUMNS.decode(text(form, "columns") or "[]")
    except msgspec.DecodeError as error:
        raise InvalidInput(f"columns must be a list of headings with fields: {error}.", parameter="columns") from None
    return one_column_each((field.strip(), heading) for heading, field in chosen if field.strip())


def _progress(report: Report) -> dict[str, Any]:
    tally = report.tally
    words = f"{counted(tally.delivered + tally.unchanged, 'company', 'companies')}, {counted(tally.rejected, 'row')} rejected"
    return {"done": report.fraction, "words": words}


def _last(delivery: FileDelivery, name: str, report: Report) -> dict[str, Any]:
    html = rendered(
        f"parts/{_page(delivery, report)}.html",
        is_check=delivery.dry_run,
        name=name,
        report=report,
        feed=delivery.search,
        remarks=remarks(report.tally, report.columns, title_lines=report.title_lines, repeated_headings=report.repeated_headings),
        fields=_FIELDS,
        encodings=ENCODINGS,
    )
    return {"done": 1, "html": html, "rejects": report.rejects}


def _page(delivery: FileDelivery, report: Report) -> str:
    if report.problem:
        return "broken_off"
    return "checked" if delivery.dry_run else "delivered"


def _line(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message) + b"\n"
