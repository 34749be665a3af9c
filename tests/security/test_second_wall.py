"""Row-level security: on a tenant's connection no statement shows or changes anything of another, however it is written."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from openprospect.server.access.keys import create_key, organization_named
from openprospect.server.app import create_app
from openprospect.server.console.store import open_session
from openprospect.server.db import history
from openprospect.server.db.embedded import EmbeddedPostgres
from openprospect.server.db.migrate import migrate, migrations
from openprospect.server.db.pool import Connection, Database
from openprospect.server.db.schema import FILE
from openprospect.server.db.tenants import ROLE, can_take_role, ensure_role
from openprospect.server.searches import store as searches
from tests.conftest import open_folder
from tests.databases import EMPTY, cloned
from tests.integration.conftest import KEYED, Service, running
from tests.integration.test_tenants import SHARED_EMAIL, Tenant, tenant

COMMON = {"schema_migration", "instance", "erasure_log"}
TABLES = sorted(set(re.findall(r"^CREATE (?:UNLOGGED )?TABLE (\w+)", FILE.read_text(encoding="utf-8"), re.MULTILINE)) - COMMON)

# Whose a row is, by the column that tells.
OWNERS = {
    "organization_id": "organization_id",
    "webhook_id": "(SELECT organization_id FROM webhook WHERE id = webhook_id)",
    "prospect_search_id": "(SELECT organization_id FROM prospect_search WHERE id = prospect_search_id)",
    "key_id": "(SELECT organization_id FROM api_key WHERE id = key_id)",
    "erasure_id": "(SELECT organization_id FROM erasure WHERE id = erasure_id)",
    "id": "id",
}


class Walls:
    """Two tenants with something in every table, the database as its owner sees it, and as each of them does."""

    def __init__(self, service: Service, whole: Database, alpha: UUID, beta: UUID) -> None:
        self.service = service
        self.whole = whole
        self.alpha = alpha
        self.beta = beta

    async def owned(self, table: str, tenant_id: UUID) -> int:
        """How many rows are this tenant's."""
        return int(await self.whole.value(f"SELECT count(*) FROM {table} WHERE {OWNERS[await self.teller(table)]} = $1", tenant_id))

    async def teller(self, table: str) -> str:
        columns = {row["attname"] for row in await self.columns(table)}
        return next(name for name in OWNERS if name in columns)

    async def columns(self, table: str) -> Any:
        return await self.whole.rows(
            "SELECT attname, attidentity <> '' AS is_identity FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0", table
        )


async def with_everything(service: Service, name: str) -> UUID:
    """A tenant who has used all that there is."""
    made: Tenant = await tenant(service, name)
    feed = f"/deliveries/{made.ids['prospect_search_id']}"
    organization_id: UUID = await service.database.value(
        "SELECT organization_id FROM prospect_search WHERE id = $1", UUID(made.ids["prospect_search_id"])
    )
    await made.client.get(f"{feed}/companies", params={"limit": 1})
    watermark = (await made.client.get(f"{feed}/companies")).headers["Delivery-Watermark"]
    await made.client.put(f"{feed}/receipt", json={"delivered_until": watermark})
    body = {"companies": [{"name": f"{name} once", "source_id": "crm-7", "prospects": [{"email": "stays@hotel.example"}]}]}
    await made.client.post(f"{feed}/companies", json=body, headers={"Idempotency-Key": "one"})
    await made.client.post("/erasures", json={"email": SHARED_EMAIL})
    await made.client.post(f"/webhooks/{made.ids['webhook_id']}/test")
    organization = await service.database.value("SELECT name FROM organization WHERE id = $1", organization_id)
    key = await create_key(
        service.database, "operator", organization=organization, scopes=["console"], expires_in=None, is_live=True, actor="test"
    )
    await open_session(service.database, name.encode(), key.id, lifetime=timedelta(hours=1))
    await service.database.execute("INSERT INTO request_count (key_id, taken, given, ends_at) VALUES ($1, 1, 1, now())", key.id)
    await service.database.execute(
        "INSERT INTO erasure_settlement (erasure_id, consumer, actor, reason) SELECT id, 'gone', 'test', 'for a test' FROM erasure "
        "WHERE organization_id = $1",
        organization_id,
    )
    return organization_id


@pytest.fixture(scope="module")
async def walls(postgres: str, template: str) -> AsyncIterator[Walls]:
    async with (
        cloned(postgres, template) as dsn,
        await Database.open(dsn, tenants_size=1) as whole,
        running(create_app(dsn, KEYED)) as transport,
    ):
        service = Service(transport, whole)
        yield Walls(service, whole, await with_everything(service, "alpha"), await with_everything(service, "beta"))
        await service.close()


@pytest.mark.parametrize("table", TABLES)
async def test_a_statement_that_forgot_its_tenant_shows_that_tenants_rows_alone(walls: Walls, table: str):
    for tenant_id in (walls.alpha, walls.beta):
        seen = await walls.whole.within(tenant_id).value(f"SELECT count(*) FROM {table}")
        assert seen == await walls.owned(table, tenant_id) > 0


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"history"}))
async def test_a_statement_that_forgot_its_tenant_changes_that_tenants_rows_alone(walls: Walls, table: str):
    column = next(row["attname"] for row in await walls.columns(table) if not row["is_identity"])
    async with walls.whole.within(walls.alpha).transaction() as db:
        changed = await db.rows(f"UPDATE {table} SET {column} = {column} RETURNING 1")
    assert len(changed) == await walls.owned(table, walls.alpha)


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"history", "organization"}))
async def test_no_row_can_be_given_to_another_tenant(walls: Walls, table: str):
    teller = await walls.teller(table)
    foreign = {
        "organization_id": "SELECT id FROM organization WHERE id = $1",
        "prospect_search_id": "SELECT id FROM prospect_search WHERE organization_id = $1",
        "webhook_id": "SELECT id FROM webhook WHERE organization_id = $1",
        "key_id": "SELECT id FROM api_key WHERE organization_id = $1",
        "erasure_id": "SELECT id FROM erasure WHERE organization_id = $1",
    }[teller]
    other = await walls.whole.value(f"{foreign} LIMIT 1", walls.beta)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await walls.whole.within(walls.alpha).execute(f"UPDATE {table} SET {teller} = $1", other)


async def test_a_line_of_history_cannot_be_written_for_another_tenant(walls: Walls):
    async with walls.whole.within(walls.alpha).transaction() as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await history.record(db, walls.beta, actor="alpha", action="made up")


@pytest.mark.parametrize("table", TABLES)
async def test_whoever_takes_the_role_and_names_no_tenant_sees_nothing(walls: Walls, table: str):
    async with walls.whole.transaction() as db:
        await db.execute(f"SET LOCAL ROLE {ROLE}")
        assert await db.value(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("table", sorted(COMMON))
async def test_what_is_no_tenants_is_out_of_reach(walls: Walls, table: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await walls.whole.within(walls.alpha).value(f"SELECT count(*) FROM {table}")


async def test_no_tenant_can_widen_the_role(walls: Walls):
    for deed in (
        "ALTER TABLE delivery DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY all_of_it ON delivery USING (true)",
        "TRUNCATE delivery",
        f"ALTER ROLE {ROLE} BYPASSRLS",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await walls.whole.within(walls.alpha).execute(deed)


async def test_a_route_whose_statement_forgot_its_tenant_answers_with_that_tenants_rows_alone(walls: Walls, monkeypatch):
    forgetful = "SELECT id, organization_id, name, status FROM prospect_search WHERE $1::uuid IS NOT NULL LIMIT $2 OFFSET $3"
    monkeypatch.setitem(searches.SQL._statements, "searches_of", _Forgetful(forgetful))
    organization = await walls.whole.value("SELECT name FROM organization WHERE id = $1", walls.alpha)
    client = await walls.service.client("reader", organization=organization)
    names = [search["name"] for search in (await client.get("/prospect-searches")).json()["items"]]
    assert names == ["alpha search"]
    assert await walls.whole.value("SELECT count(*) FROM prospect_search") > 1


class _Forgetful:
    def __init__(self, sql: str) -> None:
        self.sql = sql


async def test_a_connection_never_shows_whom_it_showed_before(walls: Walls):
    """One connection, asked by both in turns, and by some who go away in the middle."""

    async def whose(tenant_id: UUID) -> None:
        assert await walls.whole.within(tenant_id).value("SELECT min(id::text) || max(id::text) FROM organization") == f"{tenant_id}" * 2

    asked = [asyncio.create_task(whose(walls.alpha if turn % 3 else walls.beta)) for turn in range(60)]
    for turn, task in enumerate(asked):
        if turn % 4 == 0:
            await asyncio.sleep(0)
            task.cancel()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert [error for error in ended if error is not None and not isinstance(error, asyncio.CancelledError)] == []
    assert ended.count(None) >= 40


async def test_rows_that_go_in_by_copy_elsewhere_go_in_within_the_walls(walls: Walls):
    async with walls.whole.within(walls.alpha).transaction() as db:
        assert type(db) is not Connection
        await history.record(db, walls.alpha, actor="alpha", action="looked")
    assert await walls.whole.value("SELECT organization_id FROM history WHERE action = 'looked'") == walls.alpha


async def test_an_account_that_may_make_no_role_has_one_wall_and_is_told(postgres: str, caplog: pytest.LogCaptureFixture):
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE ROLE humble LOGIN")
    async with cloned(postgres, EMPTY, owner="humble") as dsn:
        assert await migrate(dsn) == migrations()[-1].version
        with caplog.at_level(logging.WARNING):
            async with await Database.open(dsn, tenants_size=1) as database:
                assert await database.value("SELECT current_user::text") == "humble"
                assert database.within(UUID(int=1)) is database
        assert "kept apart by the service's own statements alone" in caplog.text
    await connection.execute("DROP ROLE humble")
    await connection.close()


async def test_an_account_that_may_make_roles_raises_the_wall_by_itself():
    """On a server of its own: roles belong to a whole server."""
    with open_folder() as folder, EmbeddedPostgres(folder / "data") as dsn:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE ROLE managed CREATEROLE; GRANT ALL ON SCHEMA public TO managed; SET SESSION AUTHORIZATION managed")
        for migration in migrations():
            await connection.execute(migration.sql)
        for _ in range(2):
            await ensure_role(connection)
        assert await can_take_role(cast("Any", connection))
        await connection.execute(f"SET ROLE {ROLE}")
        assert await connection.fetchval("SELECT count(*) FROM organization") == 0
        await connection.close()


async def test_the_services_own_work_is_not_walled_in(walls: Walls):
    assert walls.whole.within(walls.alpha).whole is walls.whole
    assert (await organization_named(walls.whole, "default")).name == "default"
