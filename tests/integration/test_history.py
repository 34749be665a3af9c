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


async def test_history_tells_two_keys_of_one_name_apart(service, search_id, database):
    ids = []
    for number in range(2):
        client = await service.client()
        listed = await database.rows("SELECT id FROM api_key ORDER BY created_at DESC LIMIT 1")
        ids.append(listed[0]["id"])
        path = f"/deliveries/{search_id}/companies"
        (company,) = (await client.post(path, json={"companies": [{"name": f"Hotel {number}", "prospects": [MARIA]}]})).json()["items"]
        await erase(client, email=MARIA["email"])
        await client.delete(f"{path}/{company['id']}")
        await client.post("/prospect-searches", json={"name": "inns"})
        await client.post("/erasures", json={"email": BO["email"]})
    lines = await database.rows("SELECT actor, key_id, action FROM history WHERE actor LIKE 'key %' ORDER BY id")
    assert len({line["actor"] for line in lines}) == 1
    of_each = [[line["action"] for line in lines if line["key_id"] == key_id] for key_id in ids]
    assert of_each[0] == ["delivered", "person erased", "person erased", "withdrawn", "search created", "person erased"]
    assert of_each[1] == ["delivered", "withdrawn", "search created"]


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
