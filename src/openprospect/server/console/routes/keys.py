"""Pages: the organization's keys."""

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath

from openprospect.server.access.keys import NewKey, create_key, revoke_key
from openprospect.server.access.model import KeyId
from openprospect.server.console import store
from openprospect.server.console.gate import OperatorsRequest, checked_form, text
from openprospect.server.console.page import page, see
from openprospect.server.console.words import SCOPES, TIERS
from openprospect.server.core.errors import InvalidInput, NotFound
from openprospect.server.db.pool import Database
from openprospect.server.http.parameters import path_identifier

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "a year", "": "until revoked"}
_MOST = 500


@get("/keys")
async def keys_page(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """What keys there are, and a form for one more."""
    return await _keys(request, database)


@post("/keys", status_code=200)
async def create_key_form(request: OperatorsRequest, database: NamedDependency[Database]) -> Response[str]:
    """Makes a key, and shows it this once: the answer itself, so that nothing has to remember it."""
    form = await checked_form(request)
    try:
        made = await create_key(
            database,
            text(form, "name"),
            organization=request.auth.organization.name,
            scopes=[str(scope) for scope in form.getall("scope", [])],
            expires_in=_lifetime(form),
            is_live=text(form, "kind") != "test",
            actor=request.auth.actor,
            tier=text(form, "tier") or None,
            rate_limit=_rate_limit(form),
        )
    except InvalidInput as error:
        return await _keys(request, database, problem=error.message, status=422)
    return await _keys(request, database, made=made)


@post("/keys/{key_id:str}/revoke", status_code=303)
async def revoke_key_form(request: OperatorsRequest, key_id: FromPath[str], database: NamedDependency[Database]) -> Response[Any]:
    """Ends a key at once."""
    await checked_form(request)
    wanted = KeyId(path_identifier("key_id", key_id))
    if not await store.is_key_of(database, request.auth.organization_id, wanted):
        raise NotFound("There is no such key.")
    await revoke_key(database, wanted, actor=request.auth.actor)
    return see("/keys")


async def _keys(
    request: OperatorsRequest, database: Database, *, made: NewKey | None = None, problem: str | None = None, status: int = 200
) -> Response[str]:
    keys = await store.keys_of(database, request.auth.organization_id, limit=_MOST)
    return page(request, "keys.html", status=status, keys=keys, made=made, problem=problem, scopes=SCOPES, lifetimes=LIFETIMES, tiers=TIERS)


def _rate_limit(form: FormMultiDict) -> int | None:
    number = text(form, "rate_limit")
    if number and not (number.isascii() and number.isdigit() and len(number) <= 10):
        raise InvalidInput("Requests an hour are a whole number, such as 5000.")
    return int(number) if number else None


def _lifetime(form: FormMultiDict) -> timedelta | None:
    days = text(form, "days")
    if days not in LIFETIMES:
        raise InvalidInput("Choose one of the lifetimes of the list.")
    return timedelta(days=int(days)) if days else None
