"""The append-only record of who did what."""

import asyncpg
import pytest

from tests.integration.people import BO, MARIA, erase, hotel


async def history(database):
    rows = await database.rows("SELECT action, details FROM history ORDER BY id")
    return [(row["action"], row["details"]) for row in rows]


async def test_history_tells_of_everything_with_names_of_fields_alone(client, search_id, deliver, database):
    first = await deliver(hotel(MARIA, city="Berlin"))
    await deliver(hotel(MARIA, BO, name="Grander", city="Bern"))
    await deliver(hotel(MARIA, BO, name="Grander", city="Bern"))
    await erase(client, email=MARIA["email"])
    await client.delete(f"/deliveries/{search_id}/companies/{first['items'][0]['id']}")
    rows = await history(database)
    assert [action for action, _ in rows] == [
        "key created",
        "search created",
        "delivered",
        "redelivered",
        "person erased",
        "person erased",
        "withdrawn",
    ]
    assert rows[3][1] == '{"changed": ["name", "attributes.city", "prospects"]}'


@pytest.mark.parametrize("statement", ["UPDATE history SET actor = 'nobody'", "DELETE FROM history", "TRUNCATE history"])
async def test_history_cannot_be_rewritten(client, database, statement):
    before = await history(database)
    assert before
    with pytest.raises(asyncpg.RaiseError, match="history is append-only"):
        await database.execute(statement)
    assert await history(database) == before
