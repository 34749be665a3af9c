"""The index of decisions has each of them once, and both say the same of which later one extends which."""

import re

from tests.project.repository import own_files, text_of

_ROW = re.compile(r"^\| \[\d{4}\]\((?P<file>\d{4}-[a-z0-9-]+\.md)\) \| (?P<title>.+) \| (?P<status>.+) \|$", re.MULTILINE)
_LINK = re.compile(r"\((\d{4}-[a-z0-9-]+\.md)\)")


def index():
    return [(row["file"], row["title"], row["status"]) for row in _ROW.finditer(text_of("docs/decisions/README.md"))]


def status_of(decision):
    """What its own page says, if a later decision changed it."""
    found = re.search(r"^\*\*Status\.\*\* (.+)\.$", text_of(f"docs/decisions/{decision}"), re.MULTILINE)
    return found[1].lower() if found else "in force"


def test_the_index_has_every_decision_once_under_its_title():
    decisions = [path for path in own_files() if path.match("docs/decisions/[0-9]*.md")]
    titles = [(path.name, text_of(path).partition("\n")[0].partition(". ")[2]) for path in decisions]
    assert sorted((file, title) for file, title, _ in index()) == sorted(titles)


def test_the_index_and_the_decision_say_the_same_of_its_status():
    assert {file: status for file, _, status in index()} == {file: status_of(file) for file, _, _ in index()}


def test_what_extends_a_decision_came_later():
    assert [(file, later) for file, _, status in index() for later in _LINK.findall(status) if later <= file] == []
