"""A database that is taken back, or copied: whoever was erased stays away, and what is tried out beside the service does nothing to it."""

import json
import uuid
from pathlib import Path

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
        db.execute(f'CREATE DATABASE "{name_of(to)}" TEMPLATE "{name_of(of)}"')


def name_of(environment):
    return environment["OPENPROSPECT_DATABASE_URL"].partition("?")[0].rpartition("/")[2]


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


@pytest.mark.heavy
def test_a_restore_that_is_a_rehearsal_pushes_to_nobody_and_writes_to_no_log_of_the_service(site, copies):
    own, rehearsal = (environment | {"OPENPROSPECT_SECRET_KEY": "for tests alone and long enough for them"} for environment in copies)
    log, backup = Path(own["OPENPROSPECT_ERASURE_LOG"]), f"{uuid.uuid4().hex[:8]}.dump"
    site.run("migrate", environment=own)
    site.json("webhooks", "create", "https://crm.example/hooks", "--organization", "default", environment=own)
    site.json("suppressions", "add", "competitor.example", environment=own)
    site.json("backup", backup, environment=own)
    site.json("erase", MARIA["email"], environment=own)
    written = log.read_bytes()
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name_of(rehearsal)}"')

    told = site.run("restore", backup, "--rehearsal", "--json", environment=rehearsal)

    assert told.answer["erasures_reapplied"] == 1
    assert "A rehearsal: endpoints disabled: 1; it writes its erasures to" in told.complaint
    assert [row["disabled_reason"] for row in endpoints(site, rehearsal)] == ["restored as a rehearsal"]
    assert [row["disabled_reason"] for row in endpoints(site, own)] == [None]
    said = site.run("suppressions", "remove", "competitor.example", expected=2, environment=rehearsal).complaint
    assert f"{log} is another file. It was last at {site.folder}/openprospect-rehearsal-" in said
    del rehearsal["OPENPROSPECT_ERASURE_LOG"]
    site.json("suppressions", "remove", "competitor.example", environment=rehearsal)
    assert log.read_bytes() == written


def endpoints(site, environment):
    return site.run("webhooks", "list", "--json", environment=environment).answers
