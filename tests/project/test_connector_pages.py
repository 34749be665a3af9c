"""What the pages say of other tools is what a test shows, and the recipe in them the one that is handed out."""

import re

from tests.project.repository import files_ending, text_of

PAGE = "docs/reference/connectors.md"
_TEST = re.compile(r"`(test_\w+)`")


def cells():
    """Of the table, without its heading and its first column."""
    rows = [line.strip("|").split("|") for line in text_of(PAGE).splitlines() if line.startswith("| ")]
    return [cell for row in rows[1:] for cell in row[1:]]


def test_every_cell_of_the_guarantees_names_tests_that_exist():
    source = "\n".join(text_of(path) for path in files_ending(".py") if path.parts[0] == "tests")
    known = set(re.findall(r"def (test_\w+)", source))
    assert cells()
    assert [cell for cell in cells() if not _TEST.findall(cell)] == []
    assert {name for cell in cells() for name in _TEST.findall(cell)} - known == set()


def test_the_recipe_of_the_page_is_the_one_that_is_handed_out():
    recipe = text_of("src/openprospect/connectors/files/http-recipe.md").split("\n", 2)[2]
    assert recipe in text_of("docs/how-to/automate-with-n8n-make-zapier.md")
