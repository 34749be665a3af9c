"""One erasure log for the service and every command on its database, wherever they are run; and no restore that quietly does without."""

import json
import shutil
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

from openprospect.server.privacy.log import ErasureLog
from tests.acceptance.commands import Site
from tests.conftest import sibling

MARIA = "maria@grandhotel.example"
COMPANY = {"source_id": "c1", "name": "Grand Hotel", "prospects": [{"first_name": "Maria", "email": MARIA}]}


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
    folder.chmod(0o755)  # else the cluster would lie elsewhere, and stay there
    yield Site(folder=folder)
    shutil.rmtree(folder)


def begin(site, environment):
    search = site.json("searches", "create", "Hotels", environment=environment)["id"]
    site.json("deliver", search, "-", stdin=json.dumps(COMPANY).encode(), environment=environment)


def erasures_in(file):
    return sum("subject_hash" in line for line in file.read_text().splitlines())


def listed(site, environment):
    key, *marks = site.run("suppressions", "export", environment=environment).answers
    return key, {(mark["kind"], mark["hash"]) for mark in marks}


def test_an_erasure_typed_in_another_folder_is_written_where_the_service_writes_its_own(site, elsewhere, own):
    begin(site, own)
    with site.serving(environment=own):
        elsewhere.json("erase", MARIA, environment=own)
    assert erasures_in(site.folder / "openprospect-erasures.jsonl") == 1
    assert list(elsewhere.folder.iterdir()) == []


def test_a_log_that_is_named_to_the_service_alone_is_found_by_the_commands(site, elsewhere, own):
    log = site.folder / "apart.jsonl"
    begin(site, own)
    with site.serving("--erasure-log", log.name, environment=own):
        elsewhere.json("erase", MARIA, environment=own)
    elsewhere.json("erase", "zoe@grandhotel.example", environment=own)
    assert erasures_in(log) == 2


def test_without_a_service_the_first_erasure_decides_where_the_others_go(site, elsewhere, own):
    begin(site, own)
    elsewhere.json("erase", MARIA, environment=own)
    site.json("erase", "zoe@grandhotel.example", environment=own)
    assert erasures_in(elsewhere.folder / "openprospect-erasures.jsonl") == 2


def test_nobody_is_erased_and_nothing_served_where_the_log_is_lost_until_another_begins_with_what_is_known(site, elsewhere, own):
    begin(site, own)
    log, backup = site.folder / "first.jsonl", str(site.folder / "before.dump")
    named = own | {"OPENPROSPECT_ERASURE_LOG": str(log)}
    site.json("backup", backup, environment=own)
    site.json("erase", MARIA, environment=named)
    site.json("suppressions", "add", "competitor.example", environment=own)
    log.unlink()
    for command in (("erase", "zoe@grandhotel.example"), ("serve",), ("erasures", "reapply")):
        said = site.run(*command, expected=2, environment=own).complaint
        assert f"written to one log, and {log} is not there." in said
        assert "`openprospect erasures begin-log` begins another" in said
    assert not log.exists()

    assert site.json("erasures", "begin-log", environment=named) == {"erasure_log": str(log), "entries": 2}

    site.json("erase", "zoe@grandhotel.example", environment=own)
    assert elsewhere.json("restore", backup, "--erasure-log", str(log))["erasures_reapplied"] == 2
    assert listed(elsewhere, elsewhere.environment) == listed(site, own)


def test_a_restore_is_held_to_the_log_that_the_backup_knows_of(site, elsewhere, own):
    begin(site, own)
    log, backup = site.folder / "known.jsonl", str(site.folder / "known.dump")
    site.json("suppressions", "add", "competitor.example", "--erasure-log", log.name, environment=own)
    site.json("backup", backup, environment=own)
    site.json("erase", MARIA, environment=own)
    strange = elsewhere.folder / "strange.jsonl"
    ErasureLog(strange).begin()

    said = elsewhere.run("restore", backup, "--erasure-log", str(strange), expected=2).complaint

    assert f"{strange} is not the erasure log that this database had, which was at {log} then" in said
    assert "was not finished" in elsewhere.run("searches", "list", expected=2).complaint
    assert elsewhere.json("restore", backup, "--erasure-log", str(log))["erasures_reapplied"] == 1


def test_what_was_erased_is_erased_again_by_no_other_log_than_the_databases_own_or_one_begun_in_its_place(site, elsewhere, own):
    begin(site, own)
    first, second, strange = (site.folder / name for name in ("recovered.jsonl", "its-successor.jsonl", "strangers.jsonl"))
    site.json("suppressions", "add", "competitor.example", "--erasure-log", str(first), environment=own)
    site.json("erasures", "begin-log", "--erasure-log", str(second), environment=own)
    with psycopg.connect(own["OPENPROSPECT_DATABASE_URL"]) as db:  # as of a moment before that
        db.execute("UPDATE erasure_log SET first_line_hash = %s, place = %s", [ErasureLog(first).first_line_hash(), str(first)])
    ErasureLog(strange).begin()

    said = site.run("erasures", "reapply", expected=2, environment=own | {"OPENPROSPECT_ERASURE_LOG": str(strange)}).complaint
    assert f"{strange} is not the erasure log that this database had, which was at {first} then" in said

    assert site.json("erasures", "reapply", "--erasure-log", str(second), environment=own) == {"erasures_reapplied": 0}


@pytest.mark.heavy
def test_the_environment_names_one_log_with_a_colon_too(site, elsewhere, own):
    begin(site, own)
    named = {"OPENPROSPECT_ERASURE_LOG": str(site.folder / "with:colon.jsonl")}
    site.json("erase", MARIA, environment=own | named)
    site.json("backup", "colon.dump", environment=own)
    restored = elsewhere.json("restore", str(site.folder / "colon.dump"), environment=elsewhere.environment | named)
    assert restored == {"companies": 1, "erasures_reapplied": 0}


@pytest.mark.heavy
def test_whoever_only_ever_typed_commands_restores_without_saying_where_the_log_is(elsewhere):
    search = elsewhere.new_search()
    elsewhere.json("deliver", search, "-", stdin=json.dumps(COMPANY).encode())
    elsewhere.json("backup", "nightly.dump")
    elsewhere.json("erase", MARIA)
    again = elsewhere.environment | {"OPENPROSPECT_DATA_DIR": str(elsewhere.folder / "again")}
    assert elsewhere.json("restore", "nightly.dump", environment=again) == {"companies": 1, "erasures_reapplied": 1}


def test_a_service_does_not_start_where_no_erasure_could_be_written_down(site, own):
    begin(site, own)
    said = site.run("serve", "--erasure-log", "no/such/folder/log.jsonl", expected=2, environment=own).complaint
    assert "no/such/folder/log.jsonl cannot be written (No such file or directory), so nobody could be erased." in said


@pytest.mark.heavy
def test_a_restore_takes_the_logs_of_several_machines_each_as_its_end_was_left(site, elsewhere, own):
    """As earlier versions kept them."""
    begin(site, own)
    site.json("backup", "several.dump", environment=own)
    logs = [site.folder / name for name in ("one.jsonl", "two.jsonl")]
    site.json("erase", MARIA, "--erasure-log", logs[0].name, environment=own)
    with logs[0].open("ab") as file:
        file.write(b'{"id":"')  # as a machine that died leaves it
    with psycopg.connect(own["OPENPROSPECT_DATABASE_URL"]) as db:
        db.execute("DELETE FROM erasure_log")
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
