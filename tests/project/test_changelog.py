"""CHANGELOG.md keeps the form of Keep a Changelog 1.1.0."""

import re
import tomllib

from tests.project.repository import text_of

KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
RELEASE = re.compile(r"\[(Unreleased|\d+\.\d+\.\d+)\](?: - \d{4}-\d\d-\d\d)?")


def headings(level):
    return re.findall(rf"^{'#' * level} (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)


def test_every_release_has_a_version_and_a_date():
    assert [heading for heading in headings(2) if not RELEASE.fullmatch(heading)] == []
    assert [heading for heading in headings(2) if "Unreleased" not in heading and " - " not in heading] == []


def test_every_change_is_of_a_known_kind():
    assert headings(3)
    assert set(headings(3)) <= KINDS


def test_unreleased_changes_come_first():
    assert headings(2)[0] == "[Unreleased]"


def test_the_newest_release_is_the_version_of_the_package():
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    releases = [heading for heading in headings(2) if "Unreleased" not in heading]
    assert not releases or releases[0].startswith(f"[{version}]")
