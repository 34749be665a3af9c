"""People to erase, and the few calls that all tests of privacy make."""

import asyncio
import subprocess

from openprospect.server.db.embedded import binary

MARIA = {"first_name": "Marijana", "last_name": "Quarzenthal", "email": "m.quarzenthal@grandhotel.example", "phone": "+49 30 901820-17"}
BO = {"first_name": "Bo", "last_name": "Li", "email": "bo@grandhotel.example"}
HOTEL = {"source_id": "c1", "name": "Grand Hotel", "prospects": [MARIA, BO]}
TRACES = ("quarzenthal", "marijana", "901820")


def hotel(*prospects, **fields):
    return HOTEL | {"prospects": list(prospects)} | fields


async def erase(client, **subject):
    response = await client.post("/erasures", json=subject)
    assert response.status_code == 201, response.text
    return response.json()


async def post(client, search_id, *companies):
    response = await client.post(f"/deliveries/{search_id}/companies", json={"companies": list(companies)})
    assert response.status_code == 200, response.text
    return response.json()


def first_names(page):
    return [person["first_name"] for company in page["items"] for person in company["prospects"]]


async def dump(dsn):
    """A plain dump of everything: what a backup would hold."""
    command = [binary("pg_dump"), "--inserts", dsn]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True, cwd="/")
    return done.stdout.lower()
