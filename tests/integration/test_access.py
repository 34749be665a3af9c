"""Keys: what they open, when they end, and what is kept of them."""

from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from openprospect.server.access import store
from openprospect.server.access.credential import known_caller
from openprospect.server.access.keys import create_key, revoke_key
from openprospect.server.access.limits.bad_keys import BadKeyLimiter
from openprospect.server.access.model import DEFAULT_ORGANIZATION, KeyId, Scope
from openprospect.server.access.secret import new_secret
from openprospect.server.access.uses import KeyUses
from openprospect.server.app import create_app
from openprospect.server.core.errors import InvalidInput, NotFound, Unauthenticated, Unavailable
from openprospect.server.db.pool import Database
from tests.integration.api_routes import api_routes
from tests.integration.conftest import Service, running

UNKNOWN_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
PATHS = {
    "delivered_companies": ("GET", f"/deliveries/{UNKNOWN_ID}/companies"),
    "deliver_companies": ("POST", f"/deliveries/{UNKNOWN_ID}/companies"),
    "withdraw_company": ("DELETE", f"/deliveries/{UNKNOWN_ID}/companies/{UNKNOWN_ID}"),
}


async def make_key(service, name="consumer", *, scopes=tuple(Scope), is_live=True, expires_in=None, organization=DEFAULT_ORGANIZATION):
    return await create_key(
        service.database, name, organization=organization, scopes=list(scopes), expires_in=expires_in, is_live=is_live, actor="test"
    )


def bearer(service, key):
    return service.caller({"Authorization": f"Bearer {key}"})


async def refusal(client):
    """Why a client's key is refused."""
    answer = await client.get("/auth/validate")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "UNAUTHORIZED"
    assert answer.json()["details"] == {}
    return answer.json()["message"]


async def test_a_key_tells_what_it_may_do(service):
    client = await service.client(scopes=["prospects:read", "companies:read"])
    answer = await client.get("/auth/validate")
    assert (answer.status_code, answer.json()) == (200, {"valid": True, "scopes": ["companies:read", "prospects:read"]})


async def test_a_test_key_works_as_a_live_one_does(service):
    key = await make_key(service, is_live=False)
    assert key.key.startswith("opk_test_")
    assert (await bearer(service, key.key).get("/auth/validate")).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_name_of_the_scheme_may_be_written_in_any_case(service, scheme):
    key = await make_key(service)
    assert (await service.caller({"Authorization": f"{scheme} {key.key}"}).get("/auth/validate")).status_code == 200


async def test_without_a_key_the_message_says_how_to_send_one(service):
    assert "Authorization: Bearer" in await refusal(service.caller({}))


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token x", "Bearer\t", "opk_live_x"])
async def test_another_form_of_authorization_is_explained(service, value):
    assert "should read `Bearer`" in await refusal(service.caller({"Authorization": value}))


async def test_a_mistyped_key_is_told_from_an_unknown_one(service):
    unknown = new_secret(is_live=True)
    mistyped = unknown[:-1] + ("a" if unknown[-1] != "a" else "b")
    assert "not a whole key" in await refusal(bearer(service, mistyped))
    assert "not known here" in await refusal(bearer(service, unknown))


async def test_a_mistyped_key_is_refused_without_asking_the_database():
    with pytest.raises(Unauthenticated, match="not a whole key"):
        await known_caller(cast("Database", None), "opk_live_mistyped", bad_keys=BadKeyLimiter(), address="192.0.2.1")


async def test_an_expired_key_is_refused_and_says_so(service):
    key = await make_key(service, expires_in=timedelta(hours=1))
    client = bearer(service, key.key)
    assert (await client.get("/auth/validate")).status_code == 200
    await service.database.execute("UPDATE api_key SET expires_at = clock_timestamp() WHERE id = $1", key.id)
    assert "expired" in await refusal(client)


async def test_a_key_expires_when_it_was_said_to(service):
    key = await make_key(service, expires_in=timedelta(days=90))
    created_at = await service.database.value("SELECT created_at FROM api_key WHERE id = $1", key.id)
    assert abs(key.expires_at - created_at - timedelta(days=90)) < timedelta(seconds=5)


async def test_a_revoked_key_is_refused_by_the_next_request_on_every_worker(service, dsn):
    key = await make_key(service)
    async with running(create_app(dsn)) as other_worker:
        elsewhere = Service(other_worker, service.database)
        clients = [bearer(service, key.key), bearer(elsewhere, key.key)]
        for client in clients:
            assert (await client.get("/prospect-searches")).status_code == 200
        await revoke_key(service.database, key.id, actor="test")
        for client in clients:
            assert "revoked" in await refusal(client)
        await elsewhere.close()


async def test_revoking_again_keeps_the_first_time(service):
    key = await make_key(service)
    first = await revoke_key(service.database, key.id, actor="test")
    assert await revoke_key(service.database, key.id, actor="test") == first


async def test_a_key_that_is_not_there_cannot_be_revoked(service):
    with pytest.raises(NotFound, match="keys list"):
        await revoke_key(service.database, KeyId(UUID(UNKNOWN_ID)), actor="test")


@pytest.mark.parametrize(("method", "path"), PATHS.values(), ids=PATHS)
async def test_a_missing_scope_is_named_before_existence_is_looked_at(service, search_id, method, path):
    client = await service.client("narrow", scopes=["prospects:read", "erasures:write"])
    for target in (path, path.replace(UNKNOWN_ID, search_id, 1), path.replace(UNKNOWN_ID, "no-uuid"), f"{path}?nonsense=1"):
        answer = await client.request(method, target)
        assert answer.status_code == 403
        problem = answer.json()
        assert problem["code"] == "AUTHORIZATION_ERROR"
        assert problem["details"]["user_scopes"] == ["erasures:write", "prospects:read"]
        missing = set(problem["details"]["required_scopes"]) - set(problem["details"]["user_scopes"])
        assert missing
        assert all(scope in problem["message"] for scope in missing)


async def test_the_feed_requires_both_read_scopes(service, search_id):
    for scopes in (["companies:read"], ["prospects:read"]):
        answer = await (await service.client("half", scopes=scopes)).get(f"/deliveries/{search_id}/companies")
        assert answer.json()["details"] == {"required_scopes": ["companies:read", "prospects:read"], "user_scopes": scopes}
    both = await service.client("whole", scopes=["companies:read", "prospects:read"])
    assert (await both.get(f"/deliveries/{search_id}/companies")).status_code == 200


def test_every_route_of_the_api_but_its_description_has_a_guard_that_names_scopes(dsn):
    routes = api_routes(create_app(dsn))
    assert [route.name for route in routes if not route.guards] == ["openapi_document"]
    assert [route.name for route in routes if route.guards and not any(guard.scopes for guard in route.guards)] == ["validate_key"]


async def test_no_table_holds_the_secret_of_a_key(service):
    key = await make_key(service)
    await bearer(service, key.key).get("/auth/validate")
    tables = await service.database.rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    for table in tables:
        for secret in (key.key, key.key[-32:], key.key[-32:-6], key.key.encode().hex()):
            found = await service.database.value(
                f'SELECT count(*) FROM "{table["relname"]}" AS line WHERE position($1 IN line::text) > 0', secret
            )
            assert found == 0, table["relname"]
    assert await service.database.value("SELECT count(*) FROM api_key AS line WHERE line::text LIKE '%' || $1 || '%'", key.name) == 1


async def test_a_key_is_listed_without_its_secret(service):
    key = await make_key(service, "warehouse", scopes=["companies:read"])
    (listed,) = [found for found in await store.keys(service.database) if found.id == key.id]
    assert (listed.name, listed.scopes, listed.organization, listed.last_used_at) == ("warehouse", ("companies:read",), "default", None)
    assert key.key not in repr(listed)
    assert key.key not in repr(key)


async def test_the_last_use_of_a_key_is_written_by_the_time_the_service_stops(dsn, database):
    async with running(create_app(dsn)) as transport:
        service = Service(transport, database)
        used, unused = await make_key(service), await make_key(service, "idle")
        before = await database.value("SELECT clock_timestamp()")
        await bearer(service, used.key).get("/auth/validate")
        await service.close()
    listed = {key.id: key.last_used_at for key in await store.keys(database)}
    assert listed[used.id] >= before - timedelta(seconds=1)
    assert listed[unused.id] is None


async def test_a_use_that_cannot_be_written_is_written_later(service):
    class Broken:
        async def execute(self, sql, *args):
            raise Unavailable("not now")

    key = await make_key(service)
    uses = KeyUses()
    uses.note(key.id)
    with pytest.raises(Unavailable):
        await uses.flush(cast("Database", Broken()))
    await uses.flush(service.database)
    assert await service.database.value("SELECT last_used_at IS NOT NULL FROM api_key WHERE id = $1", key.id)


async def test_an_earlier_use_never_overwrites_a_later_one(service):
    key = await make_key(service)
    later = await service.database.value("SELECT clock_timestamp()")
    for moment in (later, later - timedelta(minutes=1)):
        await store.touch_keys(service.database, {key.id: moment})
    assert await service.database.value("SELECT last_used_at FROM api_key WHERE id = $1", key.id) == later


async def test_scopes_are_checked_when_a_key_is_made(service):
    with pytest.raises(InvalidInput, match=r"companies:raed.*companies:read"):
        await make_key(service, scopes=["companies:raed"])
    with pytest.raises(InvalidInput, match="at least one"):
        await make_key(service, scopes=[])


async def test_making_and_ending_a_key_is_on_record_without_its_secret(service):
    key = await make_key(service, "audited")
    await revoke_key(service.database, key.id, actor="somebody")
    lines = await service.database.rows(
        "SELECT actor, action, details::text FROM history WHERE details->>'key_id' = $1 ORDER BY id", str(key.id)
    )
    assert [(line["actor"], line["action"]) for line in lines] == [("test", "key created"), ("somebody", "key revoked")]
    assert not any(key.key in line["details"] for line in lines)


# The feed's pages are read by statements that look the key up themselves: what the guard promises elsewhere is promised there too.
READINGS = {
    "first page": {"params": {"limit": 1}},
    "later page": {"params": {"limit": 1, "offset": 1}},
    "next page in time": {"params": {"after": "2000-01-01T00:00:00Z"}},
    "poll": {"headers": {"If-None-Match": 'W/"489994e50198c2ae5ef5d6ca"'}},
    "a parameter out of range": {"params": {"limit": 0}},
    "a parameter that is unknown": {"params": {"delivered_sinc": "x"}},
}


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
@pytest.mark.parametrize("target", ["{search_id}", UNKNOWN_ID, "no-uuid"])
async def test_whoever_may_not_read_a_feed_learns_nothing_else(service, search_id, reading, target):
    path = f"/deliveries/{target.format(search_id=search_id)}/companies"
    revoked, expired, narrow = await make_key(service), await make_key(service), await make_key(service, scopes=["prospects:read"])
    await revoke_key(service.database, revoked.id, actor="test")
    await service.database.execute("UPDATE api_key SET expires_at = clock_timestamp() WHERE id = $1", expired.id)
    refused = {new_secret(is_live=True): "not known here", revoked.key: "has been revoked", expired.key: "has expired"}
    for key, reason in refused.items():
        answer = await bearer(service, key).get(path, **reading)
        assert (answer.status_code, answer.json()["code"], answer.headers["WWW-Authenticate"]) == (401, "UNAUTHORIZED", "Bearer")
        assert reason in answer.json()["message"]
    answer = await bearer(service, narrow.key).get(path, **reading)
    assert (answer.status_code, answer.json()["details"]["user_scopes"]) == (403, ["prospects:read"])
    assert (await service.caller({}).get(path, **reading)).status_code == 401


@pytest.mark.parametrize("reading", list(READINGS.values())[:4], ids=list(READINGS)[:4])
async def test_reading_a_feed_counts_as_a_use_of_the_key(dsn, database, reading):
    async with running(create_app(dsn)) as transport:
        service = Service(transport, database)
        key = await make_key(service)
        assert (await bearer(service, key.key).get(f"/deliveries/{UNKNOWN_ID}/companies", **reading)).status_code == 404
        await service.close()
    assert {key.id: key.last_used_at for key in await store.keys(database)}[key.id] is not None
