"""Splitting the tables by search: nothing is lost, nothing changes but where rows lie, and it can be undone."""

import re

import asyncpg
import pytest

from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.clients import server_at
from openprospect.server.db.dump import dump, load
from openprospect.server.db.migrate import migrate, migrations
from openprospect.server.db.partition import KEY, MOST, TABLES, split
from openprospect.server.db.schema import FILE, schema_of
from tests.conftest import ADMINISTRATOR, as_role, open_folder
from tests.databases import EMPTY, cloned
from tests.integration.conftest import pull
from tests.integration.receipts import served

FIRST_THAT_CAN_BE_SPLIT = "0014_keys_by_search"

# What has the key and stays whole: a row an endpoint, and what hangs on endpoints.
WHOLE = {"erasure_search", "webhook", "webhook_position", "webhook_attempt"}


@pytest.fixture
async def connection(dsn):
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def rows_everywhere(connection, database, client, search_id, deliver):
    """Every row of tables of which none is empty."""
    await deliver(*(f"Hotel {number}" for number in range(60)))
    await deliver(
        {"name": "Hotel 7, new", "source_id": "Hotel 7", "prospects": [{"email": "ada@hotel.example"}, {"email": "bob@hotel.example"}]}
    )
    await pull(client, search_id)  # a walk
    await client.post("/erasures", json={"email": "bob@hotel.example"})
    await served(database, search_id, name="consumer")
    rows = await rows_of(connection)
    assert all(rows.values())
    return rows


async def rows_of(connection):
    """Every row of the tables that are split, as text, in order."""
    return {table: [str(row) for row in await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")] for table in TABLES}


async def partitions_of(connection, table):
    return await connection.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = $1::regclass", table)


async def test_every_row_is_there_and_the_schema_is_as_before_when_tables_are_whole_again(dsn, connection, rows_everywhere):
    for into in (4, 3, 1):
        await split(dsn, into=into)
        assert await rows_of(connection) == rows_everywhere
        assert {await partitions_of(connection, table) for table in TABLES} == {into if into > 1 else 0}
    assert schema_of(dsn) == FILE.read_text(encoding="utf-8")


async def test_a_walk_and_a_service_that_are_under_way_go_on(dsn, client, search_id, deliver):
    await deliver(*(f"Hotel {number}" for number in range(30)))
    first = await pull(client, search_id, limit=20)
    await deliver("Hotel 3, later", "Hotel 31")
    await split(dsn, into=4)
    await deliver("Hotel 32")
    rest = await pull(client, search_id, limit=20, offset=20)
    assert [item["name"] for item in first["items"] + rest["items"]] == [f"Hotel {number}" for number in range(30)]
    assert rest["total"] == 30
    assert (await pull(client, search_id))["total"] == 33


async def test_numbers_that_the_database_gives_go_on(dsn, connection, client, search_id, deliver):
    await deliver("Hotel A", "Hotel B")
    before = await connection.fetchval("SELECT max(id) FROM history")
    await split(dsn, into=4)
    await deliver("Hotel C")
    assert await connection.fetchval("SELECT count(*) FROM history WHERE id > $1", before) == 1


async def test_tables_in_use_are_left_as_they_are(dsn, connection, postgres):
    before = await partitions_of(connection, "delivery")
    async with connection.transaction():
        await connection.execute("LOCK TABLE delivery IN ACCESS SHARE MODE")
        with pytest.raises(Unavailable, match="in use"):
            await split(dsn, into=7, patience_seconds=0.05)
    assert await partitions_of(connection, "delivery") == before


@pytest.mark.parametrize("into", [0, -1, MOST + 1])
async def test_a_number_that_makes_no_sense_is_refused(dsn, into):
    with pytest.raises(Misconfigured, match=f"1 to {MOST}"):
        await split(dsn, into=into)


async def test_statistics_are_off_where_people_are_in_every_partition(dsn, connection):
    await split(dsn, into=4)
    targets = await connection.fetch("SELECT attrelid::regclass::text AS name, attstattarget FROM pg_attribute WHERE attname = 'document'")
    found = {row["name"]: row["attstattarget"] for row in targets}
    assert found == dict.fromkeys(["delivery", *(f"delivery_{number}_of_4" for number in range(1, 5))], 0)


async def test_what_protects_rows_protects_them_in_partitions_too(dsn, connection):
    wall = "SELECT tablename, policyname, roles::text[], cmd, qual FROM pg_policies WHERE policyname = 'mine' ORDER BY 1"
    grants = "SELECT relname, relacl::text[] FROM pg_class WHERE relname = ANY ($1) ORDER BY 1"
    await connection.execute("""
        GRANT SELECT ON walk, tally TO pg_monitor;
        ALTER TABLE tally ENABLE ROW LEVEL SECURITY; ALTER TABLE tally FORCE ROW LEVEL SECURITY;
        CREATE POLICY mine ON tally FOR SELECT TO pg_monitor USING (level = 0)
    """)
    before = [await connection.fetch(wall), await connection.fetch(grants, TABLES)]
    await split(dsn, into=2)
    assert [await connection.fetch(wall), await connection.fetch(grants, TABLES)] == before
    assert await connection.fetchval("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = 'tally'")


async def test_something_else_that_depends_on_the_tables_is_named(dsn, connection):
    await connection.execute("CREATE VIEW of_mine AS SELECT count(*) FROM company")
    with pytest.raises(Misconfigured, match="of_mine"):
        await split(dsn, into=2)


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        ("CREATE PUBLICATION of_mine FOR TABLE delivery", "publication of table delivery in publication of_mine"),
        ("ALTER TABLE company REPLICA IDENTITY FULL", "the replica identity of company"),
        ("CREATE RULE of_mine AS ON DELETE TO history DO ALSO NOTHING", "rule of_mine on table history"),
        ("GRANT SELECT (block) ON tally TO pg_monitor", "rights on the column tally.block alone"),
        ("ALTER TABLE walk OWNER TO pg_monitor", "the owner pg_monitor of walk"),
        (
            """CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER of_mine AFTER INSERT ON receipt EXECUTE FUNCTION noted(); ALTER TABLE receipt DISABLE TRIGGER of_mine""",
            "the state of trigger of_mine on receipt",
        ),
    ],
    ids=["publication", "replica identity", "rule", "column rights", "owner", "trigger"],
)
async def test_what_would_be_lost_is_named_and_nothing_changed(dsn, connection, theirs, name):
    before = await partitions_of(connection, "delivery")
    administrator = await asyncpg.connect(as_role(dsn, ADMINISTRATOR))
    await administrator.execute(theirs)
    await administrator.close()
    with pytest.raises(Misconfigured, match=re.escape(name)):
        await split(dsn, into=3)
    assert await partitions_of(connection, "delivery") == before


async def test_comments_and_rights_to_pass_on_stay(dsn, connection):
    state = "SELECT relacl::text[], obj_description(oid, 'pg_class') FROM pg_class WHERE relname = 'tally'"
    await connection.execute("GRANT SELECT ON tally TO pg_monitor WITH GRANT OPTION; COMMENT ON TABLE tally IS 'how many'")
    before = await connection.fetch(state)
    await split(dsn, into=2)
    assert await connection.fetch(state) == before


async def test_a_backup_of_split_tables_is_restored_as_split(dsn, postgres, search_id, deliver):
    await deliver("Hotel A")
    await split(dsn, into=4)
    with open_folder() as folder:
        dump(await server_at(dsn), folder / "backup", without_rows_of="instance")
        async with cloned(postgres, EMPTY) as restored:
            load(await server_at(restored), folder / "backup")
            assert schema_of(restored) == schema_of(dsn)
            connection = await asyncpg.connect(restored)
            assert await connection.fetchval("SELECT count(*) FROM delivery WHERE prospect_search_id = $1", search_id) == 1
            await connection.close()


async def test_later_migrations_run_on_split_tables_too(postgres, tmp_path):
    known = migrations()
    for migration in known:
        if migration.version <= FIRST_THAT_CAN_BE_SPLIT:
            (tmp_path / f"{migration.version}.sql").write_text(migration.sql)
    async with cloned(postgres, EMPTY) as dsn:
        await migrate(dsn, folder=tmp_path)
        await split(dsn, into=2)
        assert await migrate(dsn) == known[-1].version
        await split(dsn, into=1)
        assert schema_of(dsn) == FILE.read_text(encoding="utf-8")


async def test_every_table_with_a_search_is_split_or_known_to_stay_whole(connection):
    keyed = "SELECT attrelid::regclass::text AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attname = $1"
    tables = {row["name"] for row in await connection.fetch(f"{keyed} AND relkind IN ('r', 'p') AND NOT relispartition", KEY)}
    assert tables == set(TABLES) | WHOLE


async def test_keys_and_references_of_split_tables_hold_the_search_so_that_one_place_can_check_them(connection):
    unique = await connection.fetch(
        "SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indisunique AND indrelid = ANY ($1::regclass[])", list(TABLES)
    )
    assert [row["definition"] for row in unique if not re.search(rf"\({KEY}|, {KEY}[,)]", row["definition"])] == []
    references = await connection.fetch(
        "SELECT conrelid::regclass::text AS owner, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE contype = 'f'"
    )
    to_split = {
        (row["owner"], row["definition"]) for row in references if re.search(rf"REFERENCES ({'|'.join(TABLES)})\(", row["definition"])
    }
    assert to_split == {
        ("receipt_step", "FOREIGN KEY (prospect_search_id, consumer) REFERENCES receipt(prospect_search_id, consumer)"),
    }
