"""HTTP: what is kept of a person; erase them, and see who has confirmed."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.access.guard import CallersRequest, Requires
from openprospect.server.access.model import Scope
from openprospect.server.core.errors import NotFound
from openprospect.server.db.pool import Database
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.http.body import json_body, takes
from openprospect.server.http.openapi import problems
from openprospect.server.http.parameters import path_identifier, query, query_of
from openprospect.server.privacy import store
from openprospect.server.privacy.disclosure import disclose
from openprospect.server.privacy.erase import erase
from openprospect.server.privacy.model import ErasureId, ErasurePolicy
from openprospect.server.privacy.wire import DisclosureItem, ErasureItem, NewErasure, PersonAskedFor, disclosure_item, item


@post(
    "/disclosures",
    status_code=200,
    guards=[Requires(Scope.DISCLOSURES_READ)],
    tags=["Privacy"],
    opt=query() | takes(PersonAskedFor),
    responses=problems(413, 415),
)
async def disclose_person(
    request: CallersRequest, database: NamedDependency[Database], writing: NamedDependency[Writing]
) -> DisclosureItem:
    """What is kept of a person, and who was given it; history keeps that it was asked for, and no address."""
    query_of(request)
    subject = (await json_body(request, PersonAskedFor)).subject
    return disclosure_item(await disclose(database, writing, request.auth.organization_id, subject, actor=request.auth.actor))


@post(
    "/erasures",
    guards=[Requires(Scope.ERASURES_WRITE)],
    tags=["Privacy"],
    opt=query() | takes(NewErasure),
    responses=problems(413, 415),
)
async def erase_person(
    request: CallersRequest,
    database: NamedDependency[Database],
    writing: NamedDependency[Writing],
    erasure_policy: NamedDependency[ErasurePolicy],
) -> ErasureItem:
    """Erase a person from every search, for good; asking again answers the same."""
    query_of(request)
    subject = (await json_body(request, NewErasure)).subject
    organization_id, actor = request.auth.organization_id, request.auth.actor
    erasure_id = await erase(database, writing, organization_id, subject, actor=actor, policy=erasure_policy)
    done = await store.erasure(database, erasure_id, organization_id)
    assert done is not None
    return item(done)


@get(
    "/erasures/{erasure_id:str}",
    guards=[Requires(Scope.ERASURES_WRITE)],
    tags=["Privacy"],
    opt=query(),
    responses=problems(404),
)
async def erasure(request: CallersRequest, erasure_id: FromPath[str], database: NamedDependency[Database]) -> ErasureItem:
    """What an erasure reached; who received the person, who has confirmed, who is late."""
    query_of(request)
    wanted = ErasureId(path_identifier("erasure_id", erasure_id))
    found = await store.erasure(database, wanted, request.auth.organization_id)
    if found is None:
        raise NotFound("There is no such erasure for this key.", code="ERASURE_NOT_FOUND")
    return item(found)
