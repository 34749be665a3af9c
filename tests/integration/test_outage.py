"""The database goes away and comes back: the service says so, and recovers by itself."""

import asyncio
import logging
import socket
from contextlib import ExitStack

import pytest

from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.app import create_app
from openprospect.server.core.errors import Unavailable
from openprospect.server.db.embedded import EmbeddedPostgres
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from tests.conftest import open_folder
from tests.integration.conftest import Service, open_search, pull, running
from tests.integration.hotel import post


class Outage:
    """A PostgreSQL of its own, to be stopped and started."""

    def __init__(self, folder):
        self._folder = folder
        self._lease = ExitStack()
        self.dsn = ""

    def start(self):
        self.dsn = self._lease.enter_context(EmbeddedPostgres(self._folder))

    def stop(self):
        self._lease.close()


@pytest.fixture
async def postgres_of_its_own():
    with open_folder() as folder:
        server = Outage(folder / "data")
        server.start()
        await migrate(server.dsn)
        async with await Database.open(server.dsn, size=1) as database:
            await ensure_default_organization(database)
        yield server
        server.stop()


def assert_unavailable(answer):
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == "UNAVAILABLE"
    assert "try again" in answer.json()["message"]
    assert "socket" not in answer.text


async def test_the_service_says_503_while_the_database_is_away_and_recovers_by_itself(postgres_of_its_own, caplog):
    server = postgres_of_its_own
    async with await Database.open(server.dsn) as database, running(create_app(server.dsn)) as transport:
        service = Service(transport, database)
        client = await service.client()
        search_id = await open_search(client)
        rows = {"companies": [{"name": f"Hotel {number}", "source_id": number} for number in range(3)]}
        assert (await client.post(f"/deliveries/{search_id}/companies", json=rows)).status_code == 200
        # Several at once, so that the pool holds several connections when the server goes.
        before = await asyncio.gather(*(pull(client, search_id) for _ in range(8)))

        server.stop()
        for _ in range(2):
            for answer in await asyncio.gather(*(client.get(f"/deliveries/{search_id}/companies") for _ in range(8))):
                assert_unavailable(answer)
        assert_unavailable(await client.post(f"/deliveries/{search_id}/companies", json=rows))
        assert_unavailable(await client.post("/prospect-searches", json={"name": "other"}))
        assert (await client.get("http://service.test/health")).status_code == 200

        server.start()
        after = await asyncio.gather(*(pull(client, search_id) for _ in range(8)))
        assert after == before
        await service.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_could_not_be_written_during_an_outage_is_written_afterwards(postgres_of_its_own):
    server = postgres_of_its_own
    async with await Database.open(server.dsn) as database, running(create_app(server.dsn)) as transport:
        service = Service(transport, database)
        client = await service.client()
        search_id = await open_search(client)
        await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel"}]})
        page = await pull(client, search_id)
        server.stop()
        assert_unavailable(await client.get("/auth/validate"))
        server.start()
        until = page["items"][0]["delivered_at"]
        answer = await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": until})
        assert answer.json() == {"delivered_until": until}
        await service.close()


async def test_the_service_stops_cleanly_while_the_database_is_away(postgres_of_its_own, caplog):
    server = postgres_of_its_own
    async with running(create_app(server.dsn)) as transport:
        async with await Database.open(server.dsn) as database:
            service = Service(transport, database)
            client = await service.client()
        assert (await client.get("/auth/validate")).status_code == 200
        server.stop()
        await service.close()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    server.start()


BREAKING_AT_COMMIT = """
CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_terminate_backend(pg_backend_pid());
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER break AFTER INSERT ON delivery DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION break();
"""


async def test_a_connection_that_breaks_during_the_commit_leaves_it_open_whether_anything_changed(database, client, search_id):
    await database.execute(BREAKING_AT_COMMIT)
    first = await post(client, search_id, [{"name": "Hotel"}], idempotency_key="monday")
    assert_unavailable(first)
    assert "unknown" in first.json()["message"]
    assert "same Idempotency-Key" in first.json()["message"]
    await database.execute("DROP TRIGGER break ON delivery")
    again = await post(client, search_id, [{"name": "Hotel"}], idempotency_key="monday")
    assert (again.status_code, again.json()["delivered"]) == (200, 1)


async def test_a_connection_that_breaks_before_the_commit_has_changed_nothing(database, client, search_id):
    await database.execute(BREAKING_AT_COMMIT.replace("DEFERRABLE INITIALLY DEFERRED", ""))
    answer = await post(client, search_id, [{"name": "Hotel"}])
    assert_unavailable(answer)
    assert "Nothing was changed" in answer.json()["message"]


async def test_opening_a_database_that_is_not_there_says_so_without_its_password():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            await Database.open(f"postgresql://someone:hunter2@127.0.0.1:{port}/nothing")
    assert "hunter2" not in str(caught.value)
