"""The append-only record of who did what."""

import asyncpg
import pytest

from tests.integration.people import BO, MARIA, TRACES, dump, erase, hotel


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


NAMING = [MARIA["email"], "Marijana Quarzenthal", "+49 30 901820-17", "tel_030_90_18_20_17", "493090182017"]


async def test_a_name_of_a_field_that_may_be_somebodys_is_not_kept(client, dsn, deliver, database):
    for version in range(2):
        await deliver(hotel(MARIA, **dict.fromkeys(NAMING, version), **{"rooms.2026": version}))
    await erase(client, email=MARIA["email"])
    assert (await history(database))[3][1] == '{"changed": ["attributes.(not shown)", "attributes.rooms.2026"]}'
    text = await dump(dsn)
    assert [trace for trace in TRACES if trace in text] == []


@pytest.mark.parametrize("statement", ["UPDATE history SET actor = 'nobody'", "DELETE FROM history", "TRUNCATE history"])
async def test_history_cannot_be_rewritten(client, database, statement):
    before = await history(database)
    assert before
    with pytest.raises(asyncpg.RaiseError, match="history is append-only"):
        await database.execute(statement)
    assert await history(database) == before
