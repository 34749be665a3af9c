"""One erasure log for the service and every command on its database, wherever they are run; and no restore that quietly does without."""

import json
import shutil
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.commands import Site, open_site
from tests.conftest import sibling

MARIA = "maria@grandhotel.example"
COMPANY = {"source_id": "c1", "name": "Grand Hotel", "prospects": [{"first_name": "Maria", "email": MARIA}]}


@pytest.fixture(scope="module")
def site():
    with open_site() as site:
        yield site


@pytest.fixture
def own(site):
    """The environment of a service on a PostgreSQL of its own, which is named by URL alone."""
    name = f"own_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    others = {name: value for name, value in site.environment.items() if name != "OPENPROSPECT_DATA_DIR"}
    yield others | {"OPENPROSPECT_DATABASE_URL": sibling(site.dsn, name)}
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def elsewhere():
    folder = Path(tempfile.mkdtemp(prefix="openprospect-"))
    yield Site(folder=folder)
    shutil.rmtree(folder)


def begin(site, environment):
    search = site.json("searches", "create", "Hotels", environment=environment)["id"]
    site.json("deliver", search, "-", stdin=json.dumps(COMPANY).encode(), environment=environment)


def erasures_in(file):
    return len(file.read_text().splitlines())


def listed(site, environment):
    key, *marks = site.run("suppressions", "export", environment=environment).answers
    return key, {(mark["kind"], mark["hash"]) for mark in marks}


def test_an_erasure_typed_in_another_folder_is_written_where_the_service_writes_its_own(site, elsewhere, own):
    begin(site, own)
    with site.serving(environment=own):
        elsewhere.json("erase", MARIA, environment=own)
    assert erasures_in(site.folder / "openprospect-erasures.jsonl") == 1
    assert list(elsewhere.folder.iterdir()) == []


def test_a_log_that_is_named_to_the_service_alone_is_found_by_the_commands(site, elsewhere):
    log = site.folder / "apart.jsonl"
    begin(site, site.environment)
    with site.serving("--erasure-log", log.name):
        elsewhere.json("erase", MARIA, environment=site.environment)
    elsewhere.json("erase", "zoe@grandhotel.example", environment=site.environment)
    assert erasures_in(log) == 2


def test_without_a_service_the_first_erasure_decides_where_the_others_go(site, elsewhere, own):
    begin(site, own)
    elsewhere.json("erase", MARIA, environment=own)
    site.json("erase", "zoe@grandhotel.example", environment=own)
    assert erasures_in(elsewhere.folder / "openprospect-erasures.jsonl") == 2


def test_nobody_is_erased_and_nothing_served_where_the_services_log_is_not(site, own):
    begin(site, own)
    log = site.folder / "lost.jsonl"
    with site.serving("--erasure-log", log.name, environment=own):
        pass
    log.unlink()
    for command in (("erase", MARIA), ("serve",), ("erasures", "reapply")):
        said = site.run(*command, expected=2, environment=own).complaint
        assert f"The service writes its erasures to {log}, and that file is not here." in said
        assert "OPENPROSPECT_ERASURE_LOG" in said
    assert site.run("erasures", "list", "--json", environment=own).answers == []


def test_a_service_does_not_start_where_no_erasure_could_be_written_down(site):
    said = site.run("serve", "--erasure-log", "no/such/folder/log.jsonl", expected=2).complaint
    assert "no/such/folder/log.jsonl cannot be written (No such file or directory), so nobody could be erased." in said


def test_a_restore_takes_the_logs_of_several_machines_each_as_its_end_was_left(site, elsewhere, own):
    begin(site, own)
    site.json("backup", "several.dump", environment=own)
    logs = [site.folder / name for name in ("one.jsonl", "two.jsonl")]
    site.json("erase", MARIA, "--erasure-log", logs[0].name, environment=own)
    with logs[0].open("ab") as file:
        file.write(b'{"id":"')  # as a machine that died leaves it
    site.json("suppressions", "add", "zoe@grandhotel.example", "--erasure-log", logs[1].name, environment=own)
    named = [option for log in logs for option in ("--erasure-log", str(log))]
    assert elsewhere.json("restore", str(site.folder / "several.dump"), *named)["erasures_reapplied"] == 1
    assert listed(elsewhere, elsewhere.environment) == listed(site, own)


def test_a_restore_without_the_log_is_refused_unless_that_is_said(site, elsewhere):
    begin(site, site.environment)
    site.json("backup", "nightly.dump")
    backup = str(site.folder / "nightly.dump")
    said = elsewhere.run("restore", backup, expected=2).complaint
    assert f"There is no erasure log at {elsewhere.folder}/openprospect-erasures.jsonl: whoever was erased since" in said
    assert "--without-erasure-log" in said
    assert not elsewhere.data_dir.exists()
    assert elsewhere.json("restore", backup, "--without-erasure-log")["erasures_reapplied"] == 0
