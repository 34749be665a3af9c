"""`openprospect.toml`: what it may hold, and that nothing in it is passed over in silence."""

import re

import pytest

from tests.acceptance.commands import open_site
from tests.project.repository import text_of


@pytest.fixture(scope="module")
def site():
    with open_site() as site:
        site.run("migrate")
        yield site


@pytest.fixture
def settings_file(site):
    path = site.folder / "openprospect.toml"
    yield path
    path.unlink()


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('databse_url = "postgresql://nowhere/x"', "`databse_url` that no command knows; did you mean `database_url`?"),
        ('OPENPROSPECT_DATABASE_URL = "postgresql://nowhere/x"', "did you mean `database_url`?"),
        ("[serve]\nport = 8400", "`serve` that no command knows."),
        ("frobnicate = true", "`frobnicate` that no command knows."),
    ],
)
def test_a_setting_that_no_command_knows_is_refused_with_what_was_meant(site, settings_file, line, meant):
    settings_file.write_text(f"{line}\n")
    ended = site.run("searches", "list", expected=2)
    assert meant in ended.complaint
    assert (ended.out, ended.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("without_erasure_log = true", "--without-erasure-log"),
        ("clock_is_right = true", "--clock-is-right"),
        ("dry-run = true", "--dry-run"),
    ],
)
def test_what_is_said_for_one_run_is_refused_in_the_file(site, settings_file, line, option):
    settings_file.write_text(f"{line}\n")
    assert f"is said for one run alone: take it out, and write {option} there." in site.run("searches", "list", expected=2).complaint


def test_a_setting_of_another_command_and_those_of_crms_are_passed_over(site, settings_file):
    settings_file.write_text('workers = 2\nbase-url = "http://127.0.0.1:1"\nto = "duckdb:///x"\n[crm.hubspot]\n')
    site.run("searches", "list")


def test_the_example_in_the_documentation_is_understood(site, settings_file):
    (example,) = re.findall(r"```toml\n(.*?)```", text_of("docs/reference/settings.md"), re.DOTALL)
    settings_file.write_text(example)
    assert "no command knows" not in site.run("searches", "list", expected=1).complaint
