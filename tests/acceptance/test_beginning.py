"""Which commands begin a database where there is none, and that all others say that they found none."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.acceptance.commands import READ, Site


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
