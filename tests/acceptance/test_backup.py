"""Backup and restore by command: whole, erased people stay away, no time is given twice, and nothing is served half restored."""

import json
import uuid

import psycopg
import pytest

from tests.acceptance.commands import eventually, kill_at_random, pages
from tests.conftest import sibling

MARIA = {"first_name": "Marijana", "last_name": "Quarzenthal", "email": "m.quarzenthal@grandhotel.example"}
YOLA = {"first_name": "Yolanda", "last_name": "Quarzenthal", "email": "y.quarzenthal@grandhotel.example"}
ZOE = {"first_name": "Zoe", "last_name": "Quarzenthal", "email": "z.quarzenthal@grandhotel.example"}
BO = {"first_name": "Bo", "email": "bo@grandhotel.example"}


@pytest.fixture
def another(site):
    """The environment of a service whose database is new and empty, on the same PostgreSQL."""
    name = f"restored_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    yield site.environment | {"OPENPROSPECT_DATABASE_URL": sibling(site.dsn, name)}
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def file(site):
    return f"{uuid.uuid4().hex[:8]}.dump"


@pytest.fixture
def ahead(site, file):
    """A backup with a feed that ends later than now."""
    search = site.new_search()
    with psycopg.connect(site.dsn) as db:
        db.execute("UPDATE prospect_search SET watermark = now() + interval '1 day' WHERE id = %s", [search])
    site.json("backup", f"ahead-{file}")
    with psycopg.connect(site.dsn) as db:
        db.execute("UPDATE prospect_search SET watermark = now() WHERE id = %s", [search])
    return f"ahead-{file}"


def hotels(count, *people, city="Berlin"):
    return [{"source_id": f"c{number}", "name": f"Hotel {number}", "city": city, "prospects": list(people)} for number in range(count)]


def deliver(site, search_id, companies, **options):
    return site.json("deliver", search_id, "-", stdin="\n".join(map(json.dumps, companies)).encode(), **options)


def test_whoever_was_erased_after_the_backup_is_erased_again_before_anything_is_served(site, another, file):
    search, key = site.new_search(), site.new_key("crm")
    deliver(site, search, hotels(3, MARIA, BO))
    assert site.json("backup", file)["bytes"] == (site.folder / file).stat().st_size
    site.json("erase", MARIA["email"])

    restored = site.json("restore", file, environment=another)

    assert restored["erasures_reapplied"] == 1
    with site.serving(environment=another) as server, server.client(key) as client:
        assert [person["first_name"] for company in pages(client, search) for person in company["prospects"]] == ["Bo"] * 3
    assert deliver(site, search, hotels(3, MARIA, BO), environment=another)["suppressed"] == 3
    site.run("backup", f"after-{file}", environment=another)
    with psycopg.connect(another["OPENPROSPECT_DATABASE_URL"]) as db:
        assert db.execute("SELECT count(*) FROM delivery WHERE document LIKE '%uarzenthal%'").fetchone() == (0,)


def test_a_restored_feed_gives_no_time_twice_and_is_known_as_another_service(site, another, file):
    search, key = site.new_search(), site.new_key("reader")
    deliver(site, search, hotels(3))
    site.json("backup", file)
    deliver(site, search, hotels(3, city="Rome"))  # lost with the database, but a consumer has it
    with site.serving() as server, server.client(key) as client:
        answer = client.get(f"/deliveries/{search}/companies")
        given, instance = [item["delivered_at"] for item in answer.json()["items"]], answer.headers["Delivery-Instance"]

    site.json("restore", file, environment=another)
    deliver(site, search, hotels(3, city="Oslo"), environment=another)

    with site.serving(environment=another) as server, server.client(key) as client:
        answer = client.get(f"/deliveries/{search}/companies", params={"delivered_since": max(given)})
        assert [item["attributes"]["city"] for item in answer.json()["items"]] == ["Oslo"] * 3
        assert answer.headers["Delivery-Instance"] != instance


def test_a_database_recovered_by_other_means_is_cleaned_by_a_command_of_its_own(site, another, file):
    search = site.new_search()
    deliver(site, search, hotels(2, YOLA, BO))
    site.json("backup", file)
    site.json("erase", YOLA["email"])
    site.json("restore", file, "--without-erasure-log", environment=another)
    assert state_of(another) == ("whole", True)

    mislaid = site.run("erasures", "reapply", "--erasure-log", "mislaid.jsonl", expected=2, environment=another)
    assert "mislaid.jsonl" in mislaid.complaint
    assert site.json("erasures", "reapply", environment=another) == {"erasures_reapplied": 1}

    assert state_of(another) == ("whole", False)
    assert site.json("erasures", "reapply", environment=another) == {"erasures_reapplied": 0}


def test_a_restore_that_is_killed_leaves_nothing_that_can_be_served_and_may_be_run_again(site, another, file):
    search = site.new_search()
    deliver(site, search, hotels(2_000, ZOE))
    site.json("backup", file)
    site.json("erase", ZOE["email"])

    for seconds in (0.6, 0.9, 1.2):
        process = site.begin("restore", file, environment=another)
        was_killed = kill_at_random(process, after_seconds=seconds)
        assert was_killed or process.returncode in {0, 2}
        state, has_people = state_of(another)
        assert state in {"empty", "unfinished", "whole"}
        assert state != "whole" or not has_people
    if state_of(another)[0] != "whole":
        site.json("restore", file, environment=another)
    assert state_of(another) == ("whole", False)


def state_of(environment):
    """What a database holds: whether it may be served, and whether any of the erased is in it."""
    with psycopg.connect(environment["OPENPROSPECT_DATABASE_URL"]) as db:
        if db.execute("SELECT to_regclass('instance')").fetchone() == (None,):
            return "empty", False
        is_whole = db.execute("SELECT FROM instance").fetchone() is not None
        has_people = db.execute("SELECT FROM delivery WHERE document LIKE '%uarzenthal%' LIMIT 1").fetchone() is not None
        return ("whole" if is_whole else "unfinished"), has_people


def test_a_database_that_is_half_restored_is_neither_served_nor_backed_up(site, another, ahead):
    refused = site.run("restore", ahead, expected=2, environment=another).complaint
    assert "yet to come" in refused
    assert "run this again with --clock-is-right" in refused

    for command in (("serve", "--port", "1024"), ("serve", "--no-migrate"), ("searches", "list"), ("backup", f"half-{ahead}")):
        assert "restore" in site.run(*command, expected=2, environment=another).complaint
    assert not (site.folder / f"half-{ahead}").exists()


def test_a_restore_that_was_refused_is_finished_by_the_next_without_touching_what_others_keep_there(site, another, ahead):
    site.run("restore", ahead, expected=2, environment=another)
    with psycopg.connect(another["OPENPROSPECT_DATABASE_URL"]) as db:
        db.execute("CREATE TABLE theirs AS SELECT oid FROM pg_class WHERE relname = 'delivery'")

    site.run("restore", ahead, "--clock-is-right", environment=another)

    site.run("searches", "list", environment=another)
    with psycopg.connect(another["OPENPROSPECT_DATABASE_URL"]) as db:
        assert db.execute("SELECT relname FROM pg_class JOIN theirs USING (oid)").fetchall() == [("delivery",)]
        assert db.execute("SELECT obj_description('instance'::regclass)").fetchone() == (None,)


def test_a_restore_is_finished_with_the_backup_that_it_was_begun_with(site, another, ahead, file):
    site.json("backup", file)
    site.run("restore", ahead, expected=2, environment=another)
    said = site.run("restore", file, "--clock-is-right", expected=2, environment=another).complaint
    assert "was loaded from another backup" in said
    assert state_of(another)[0] == "unfinished"


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        ("CREATE TABLE invoices (id integer)", "public.invoices"),
        ("CREATE SCHEMA billing; CREATE VIEW billing.dues AS SELECT 1", "billing.dues"),
        ("CREATE FUNCTION due() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "public.due"),
        ("CREATE TABLE instance (name text)", "public.instance"),
    ],
    ids=["table", "schema", "function", "table of a name that we have too"],
)
def test_a_database_in_which_others_keep_something_is_not_restored_into(site, another, file, theirs, name):
    site.new_search()
    site.json("backup", file)
    with psycopg.connect(another["OPENPROSPECT_DATABASE_URL"]) as db:
        db.execute(theirs)
    said = site.run("restore", file, expected=2, environment=another).complaint
    assert f"The database is not empty: it holds {name}." in said
    with psycopg.connect(another["OPENPROSPECT_DATABASE_URL"]) as db:
        assert db.execute("SELECT to_regclass('delivery')").fetchone() == (None,)


def test_a_backup_taken_while_others_deliver_holds_every_batch_whole(site, another, file):
    search = site.new_search()
    many = site.folder / f"{search}.jsonl"
    many.write_text("".join(json.dumps(row) + "\n" for row in hotels(6_000)))
    producer = site.begin("deliver", search, many.name)
    eventually(lambda: companies_in(site.dsn, search))
    site.json("backup", file)
    producer.communicate()

    site.json("restore", file, environment=another)

    told = [row["companies"] for row in site.run("searches", "list", "--json", environment=another).answers if row["id"] == search]
    assert told == [companies_in(another["OPENPROSPECT_DATABASE_URL"], search)]
    assert told[0] % 1_000 == 0


def companies_in(dsn, search):
    with psycopg.connect(dsn) as db:
        return len(db.execute("SELECT FROM company WHERE prospect_search_id = %s", [search]).fetchall())


def test_a_file_that_stands_there_is_not_overwritten_and_only_its_owner_reads_a_backup(site, file):
    site.new_search()
    site.json("backup", file)
    kept = (site.folder / file).read_bytes()
    assert "exists already" in site.run("backup", file, expected=2).complaint
    assert (site.folder / file).read_bytes() == kept
    assert (site.folder / file).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in site.folder.glob(".*partial*")] == []


def test_a_database_that_is_in_use_is_not_restored_into(site, file):
    site.new_search()
    site.json("backup", file)
    assert "in use already" in site.run("restore", file, expected=2).complaint


def test_what_is_no_backup_is_refused_by_name(site, another):
    (site.folder / "hotels.csv").write_text("name\nHotel\n")
    assert "hotels.csv is no backup" in site.run("restore", "hotels.csv", expected=2, environment=another).complaint
    assert "nowhere.dump cannot be read" in site.run("restore", "nowhere.dump", expected=2, environment=another).complaint


def test_an_erasure_log_that_is_named_but_missing_stops_the_restore(site, another, file):
    site.new_search()
    site.json("backup", file)
    said = site.run("restore", file, "--erasure-log", "elsewhere.jsonl", expected=2, environment=another).complaint
    assert "elsewhere.jsonl" in said
    assert state_of(another) == ("empty", False)


def test_nobody_is_erased_where_the_erasure_cannot_be_logged(site):
    search = site.new_search()
    deliver(site, search, hotels(1, BO))
    (site.folder / "openprospect-erasures.jsonl").rename(site.folder / "away.jsonl")
    said = site.run("erase", BO["email"], expected=2).complaint
    (site.folder / "away.jsonl").rename(site.folder / "openprospect-erasures.jsonl")
    assert "openprospect-erasures.jsonl is not there" in said
    assert deliver(site, search, hotels(1, BO))["unchanged"] == 1
