"""A database that is taken back, or copied: whoever was erased stays away, and what is tried out beside the service does nothing to it."""

import json
import uuid

import psycopg
import pytest

from tests.acceptance.commands import pages
from tests.conftest import sibling

MARIA = {"first_name": "Maria", "email": "maria@grandhotel.example"}
BO = {"first_name": "Bo", "email": "bo@grandhotel.example"}
HOTEL = {"source_id": "c1", "name": "Grand Hotel", "prospects": [MARIA, BO]}


@pytest.fixture
def copies(site):
    """The environment of a service on a PostgreSQL of its own, and one on a copy of its database, which is yet to be made."""
    names = [f"{which}_{uuid.uuid4().hex[:8]}" for which in ("own", "copy")]
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{names[0]}"')
    log = {"OPENPROSPECT_ERASURE_LOG": str(site.folder / f"{names[0]}.jsonl")}
    yield [site.environment | log | {"OPENPROSPECT_DATABASE_URL": sibling(site.dsn, name)} for name in names]
    with psycopg.connect(site.dsn, autocommit=True) as db:
        for name in names:
            db.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def copy(site, *, of, to):
    with psycopg.connect(site.dsn, autocommit=True) as db:
        source, target = (environment["OPENPROSPECT_DATABASE_URL"].partition("?")[0].rpartition("/")[2] for environment in (of, to))
        db.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')


def test_a_service_that_starts_on_a_database_of_before_an_erasure_serves_nobody_who_was_erased(site, copies):
    own, older = copies
    search = site.json("searches", "create", "hotels", environment=own)["id"]
    key = site.json("keys", "create", "crm", "--scope", "companies:read", "--scope", "prospects:read", environment=own)["key"]
    site.json("deliver", search, "-", stdin=json.dumps(HOTEL).encode(), environment=own)
    with site.serving(environment=own):
        pass
    copy(site, of=own, to=older)
    site.json("erase", MARIA["email"], environment=own)
    with site.serving(environment=older) as server, server.client(key) as client:
        assert [person["first_name"] for company in pages(client, search) for person in company["prospects"]] == ["Bo"]
    assert "the database lacked erasures that its log knows" in server.log.read_text()
    assert len(site.run("erasures", "list", "--json", environment=older).answers) == 1
