"""Which commands begin a database where there is none, or bring it to their version, and that all others say what they found."""

import shutil
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

from openprospect.server.db.migrate import migrations
from tests.acceptance.commands import READ, Site
from tests.conftest import sibling


@pytest.fixture
def elsewhere():
    """A folder with nothing in it, and no setting that names another."""
    folder = Path(tempfile.mkdtemp(prefix="openprospect-"))
    folder.chmod(0o755)
    yield Site(folder=folder)
    shutil.rmtree(folder)


@pytest.fixture
def no_settings(elsewhere):
    return {name: value for name, value in elsewhere.environment.items() if name != "OPENPROSPECT_DATA_DIR"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("erase", "maria@example.org"),
        ("keys", "list"),
        ("searches", "list"),
        ("receipts", "00000000-0000-0000-0000-000000000000"),
        ("suppressions", "add", "maria@example.org"),
        ("erasures", "list"),
        ("webhooks", "list"),
        ("backup", "nightly.dump"),
        ("partition", "--into", "4"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_command_in_the_wrong_folder_says_so_and_makes_nothing(elsewhere, no_settings, arguments):
    said = elsewhere.run(*arguments, expected=2, environment=no_settings).complaint
    assert f"There is no database in a data folder {elsewhere.folder}/.openprospect." in said
    assert "OPENPROSPECT_DATA_DIR" in said
    assert list(elsewhere.folder.iterdir()) == []


def test_a_folder_that_holds_a_key_file_alone_is_no_database(elsewhere):
    elsewhere.data_dir.mkdir()
    (elsewhere.data_dir / "secret.key").write_text("k" * 43)
    assert "There is no database in a data folder" in elsewhere.run("keys", "list", expected=2).complaint


@pytest.mark.parametrize(
    "arguments",
    [
        ("migrate",),
        ("searches", "create", "Hotels"),
        ("organizations", "create", "Acme"),
        ("keys", "create", "crm", "--scope", "companies:read"),
    ],
    ids=" ".join,
)
def test_a_command_that_begins_says_where_and_the_others_go_on_from_there(elsewhere, no_settings, arguments):
    begun = elsewhere.run(*arguments, environment=no_settings)
    assert f"Began a new, empty database in {elsewhere.folder}/.openprospect." in begun.complaint
    again = elsewhere.run("keys", "create", "crm", *(part for scope in READ for part in ("--scope", scope)), environment=no_settings)
    assert "Began" not in again.complaint


@pytest.fixture
def own(elsewhere, no_settings, postgres):
    """The environment of an empty database that is named by URL."""
    name = f"own_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    yield no_settings | {"OPENPROSPECT_DATABASE_URL": sibling(postgres, name)}
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def versions(environment):
    with psycopg.connect(environment["OPENPROSPECT_DATABASE_URL"]) as db:
        return [version for (version,) in db.execute("SELECT version FROM schema_migration ORDER BY 1")]


def test_a_database_named_by_url_is_begun_by_the_same_commands_and_by_no_other(elsewhere, own):
    assert "has no tables yet. Run `openprospect migrate`." in elsewhere.run("keys", "list", expected=2, environment=own).complaint
    elsewhere.run("searches", "create", "Hotels", environment=own)
    assert len(elsewhere.run("searches", "list", "--json", environment=own).answers) == 1


def test_a_database_named_by_url_is_brought_to_this_version_by_migrate_and_serve_alone(elsewhere, own):
    newest = migrations()[-1]
    elsewhere.run("migrate", environment=own)
    with psycopg.connect(own["OPENPROSPECT_DATABASE_URL"]) as db:
        db.execute("DELETE FROM schema_migration WHERE version = %s", [newest.version])
    before = versions(own)
    for command in (("searches", "list"), ("keys", "create", "crm", "--scope", "companies:read"), ("erase", "maria@example.org")):
        said = elsewhere.run(*command, expected=2, environment=own).complaint
        assert f"it lacks {newest.version}. Run `openprospect migrate`." in said
    assert versions(own) == before


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "OPENPROSPECT_READ_DATABASE_URLS",
            "mysql://x",
            "OPENPROSPECT_READ_DATABASE_URLS, with blanks between them, must begin with postgresql://",
        ),
        ("OPENPROSPECT_READ_DATABASE_URLS", "postgresql://u:p#ss@db2/x", "cannot be read: write /, ?, #"),
        ("OPENPROSPECT_STOP_NOTICE_SECONDS", "301", "stop_notice_seconds must be from 0 to 300"),
    ],
)
def test_a_service_looks_at_all_its_settings_before_it_begins_anything(elsewhere, no_settings, variable, value, said):
    complaint = elsewhere.run("serve", expected=2, environment=no_settings | {variable: value}).complaint
    assert said in complaint
    assert "p#ss" not in complaint
    assert list(elsewhere.folder.iterdir()) == []
