"""A database that takes too long: nobody waits for it without end."""

import asyncio
from dataclasses import replace

from openprospect.server.app import create_app
from tests.integration.conftest import KEYED, Service, open_search, running


async def test_a_page_that_takes_too_long_is_put_off_cleanly(dsn, database):
    async with running(create_app(dsn, replace(KEYED, read_seconds=0.5))) as transport:
        service = Service(transport, database)
        client = await service.client()
        path = f"/deliveries/{await open_search(client)}/companies"
        async with database.transaction() as db:
            await db.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
            answers = await asyncio.wait_for(asyncio.gather(*(client.get(path) for _ in range(4))), 20)
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "UNAVAILABLE")}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
        assert (await client.get(path)).status_code == 200
        await service.close()


async def test_statements_of_a_service_that_is_no_more_end_by_themselves(database):
    assert await database.value("SHOW statement_timeout") == "150s"
