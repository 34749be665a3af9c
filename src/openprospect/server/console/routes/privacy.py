"""Pages: what is kept of a person; erase them, see who has let go of them, and who is kept out."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.console import store
from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import download, page, see
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.http.parameters import identifier, path_identifier
from openprospect.server.observability import store as watched
from openprospect.server.privacy import store as erasing
from openprospect.server.privacy import suppress
from openprospect.server.privacy.disclosure import disclose
from openprospect.server.privacy.erase import Subject, erase
from openprospect.server.privacy.model import ErasureId, ErasurePolicy
from openprospect.server.privacy.settle import settle
from openprospect.server.privacy.wire import DisclosureItem, ErasureItem, as_csv, disclosure_item, item

_PAGE = 50


@get("/privacy")
async def privacy_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """Erasures that somebody has yet to confirm, all of them newest first, and the suppression list."""
    before = request.query_params.get("before")
    return await _privacy(request, database, before=ErasureId(path_identifier("before", before)) if before else None)


@post("/privacy/look", status_code=200)
async def look_for_person(
    request: OperatorsRequest, database: NamedDependency[Database], writing: NamedDependency[Writing]
) -> Response[str]:
    """What is kept of a person, and who was given it; from there they can be erased. By a form: addresses stay out of addresses."""
    form = await checked_form(request)
    try:
        told = await _told(request, form, database, writing)
    except InvalidInput as error:
        return await _privacy(request, database, problem=error.message)
    companies = {(appearance.prospect_search_id, appearance.company_id) for appearance in told.appearances}
    return page(
        request,
        "person.html",
        person=text(form, "person"),
        told=told,
        shown=told.appearances[:_PAGE],
        companies=len(companies),
        searches=len({search_id for search_id, _ in companies}),
    )


@post("/privacy/look/report", status_code=200)
async def report_on_person(
    request: OperatorsRequest, database: NamedDependency[Database], writing: NamedDependency[Writing]
) -> Response[Any]:
    """The same, all of it, for whoever asked what is kept of them."""
    form = await checked_form(request)
    told = await _told(request, form, database, writing)
    return download(msgspec.json.format(msgspec.json.encode(told)), name="person.json", media_type="application/json")


@post("/privacy/erase", status_code=303)
async def erase_person_form(
    request: OperatorsRequest,
    database: NamedDependency[Database],
    writing: NamedDependency[Writing],
    erasure_policy: NamedDependency[ErasurePolicy],
) -> Response[Any]:
    """Erases, for good."""
    form = await checked_form(request)
    organization_id = request.auth.organization_id
    subject, actor = _subject(text(form, "person")), request.auth.actor
    erasure_id = await erase(database, writing, organization_id, subject, actor=actor, policy=erasure_policy)
    return see(f"/privacy/erasures/{erasure_id}")


@get("/privacy/erasures/{erasure_id:str}")
async def erasure_page(request: OperatorsRequest, erasure_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """Who received the person, and who has confirmed."""
    return page(request, "erasure.html", erasure=await _own(request, erasure_id, database), problem=None)


@post("/privacy/erasures/{erasure_id:str}/settle", status_code=303)
async def settle_recipient(request: OperatorsRequest, erasure_id: FromPath[str], database: NamedDependency[Database]) -> Response[Any]:
    """Answers for a recipient that can never confirm."""
    form = await checked_form(request)
    own = await _own(request, erasure_id, database)
    consumer, reason = text(form, "consumer"), text(form, "reason")
    try:
        await settle(database, ErasureId(own.id), request.auth.organization_id, consumer, reason=reason, actor=request.auth.actor)
    except (InvalidInput, NotFound, Conflict) as error:
        return page(request, "erasure.html", status=422, erasure=own, problem=error.message)
    return see(f"/privacy/erasures/{own.id}")


@get("/privacy/erasures/{erasure_id:str}/recipients")
async def erasure_recipients(request: OperatorsRequest, erasure_id: FromPath[str], database: NamedDependency[Database]) -> Response[str]:
    """What that page fetches every few seconds."""
    return page(request, "parts/recipients.html", erasure=await _own(request, erasure_id, database))


@get("/privacy/erasures/{erasure_id:str}/report/{ending:str}")
async def erasure_report(
    request: OperatorsRequest, erasure_id: FromPath[str], ending: FromPath[str], database: NamedDependency[Database]
) -> Response[Any]:
    """What a data-protection officer files."""
    found = await _own(request, erasure_id, database)
    if ending == "csv":
        return download(as_csv(found), name=f"erasure-{found.id}.csv", media_type="text/csv; charset=utf-8")
    if ending == "json":
        return download(msgspec.json.format(msgspec.json.encode(found)), name=f"erasure-{found.id}.json", media_type="application/json")
    raise NotFound("Reports come as json and csv.")


@post("/privacy/suppressions", status_code=303)
async def change_suppressions(
    request: OperatorsRequest,
    database: NamedDependency[Database],
    writing: NamedDependency[Writing],
    erasure_policy: NamedDependency[ErasurePolicy],
) -> Response[Any]:
    """Keeps addresses and domains out, or lets them in again."""
    form = await checked_form(request)
    change = suppress.unsuppress if text(form, "change") == "remove" else suppress.suppress
    organization_id, actor = request.auth.organization_id, request.auth.actor
    entries = [line.strip() for line in text(form, "entries").splitlines() if line.strip()]
    try:
        count = await writing.alone(organization_id, lambda db: change(db, organization_id, entries, actor=actor, log=erasure_policy.log))
    except InvalidInput as error:
        return await _privacy(request, database, problem=error.message)
    said = f"{count} of {len(entries)} taken off the list." if change is suppress.unsuppress else f"{count} on the list now."
    return await _privacy(request, database, said=said)


@get("/privacy/suppressions.jsonl")
async def export_suppressions(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[Any]:
    """The list as hashes: nobody can be read from it."""
    lines = "\n".join(await suppress.export(database, request.auth.organization_id)) + "\n"
    return download(lines, name="suppressions.jsonl", media_type="application/x-ndjson")


async def _privacy(
    request: OperatorsRequest, database: Database, *, before: ErasureId | None = None, problem: str | None = None, said: str | None = None
) -> Response[str]:
    organization_id = request.auth.organization_id
    erasures = await store.erasures_of(database, organization_id, before=before, limit=_PAGE + 1)
    waiting = [] if before else await watched.waiting_erasures(database, organization_id)
    return page(
        request,
        "privacy.html",
        status=422 if problem else 200,
        waiting=waiting[:_PAGE],
        not_shown=len(waiting[_PAGE:]),
        erasures=erasures[:_PAGE],
        before=before,
        older=erasures[_PAGE - 1].id if len(erasures) > _PAGE else None,
        counts=await store.suppression_counts(database, organization_id),
        problem=problem,
        said=said,
    )


async def _told(request: OperatorsRequest, form: FormMultiDict, database: Database, writing: Writing) -> DisclosureItem:
    subject, operator = _subject(text(form, "person")), request.auth
    return disclosure_item(await disclose(database, writing, operator.organization_id, subject, actor=operator.actor))


async def _own(request: OperatorsRequest, erasure_id: str, database: Database) -> ErasureItem:
    wanted = ErasureId(path_identifier("erasure_id", erasure_id))
    found = await erasing.erasure(database, wanted, request.auth.organization_id)
    if found is None:
        raise NotFound("There is no such erasure.")
    return item(found)


def _subject(person: str) -> Subject:
    """An id where it reads like one, else an address."""
    try:
        return Subject(prospect_id=ProspectId(identifier(person)))
    except ValueError:
        return Subject(email=person)
