"""Files of named statements are split at their headings."""

import pytest

from openprospect.server.db.queries import Queries, parse

FILE = """\
-- page :one
-- A page of a feed,
-- as it stands now.
SELECT a
FROM b WHERE c = $1; -- a remark at the end of a line stays

-- forget :execute
-- Removes what is old.
DELETE FROM b
WHERE c < $1 AND d -> '{-- not :a heading}' IS NULL;
"""


def test_each_statement_has_its_name_shape_description_and_text():
    page, forget = parse(FILE)
    assert (page.name, page.shape, page.description) == ("page", "one", "A page of a feed, as it stands now.")
    assert page.sql == "SELECT a\nFROM b WHERE c = $1; -- a remark at the end of a line stays"
    assert (forget.name, forget.shape, forget.description) == ("forget", "execute", "Removes what is old.")
    assert forget.sql == "DELETE FROM b\nWHERE c < $1 AND d -> '{-- not :a heading}' IS NULL"


def test_a_comment_within_a_statement_is_part_of_its_description_not_of_its_text():
    (statement,) = parse("-- a :value\n-- First.\nSELECT 1\n-- Second.\n+ 1;\n")
    assert (statement.description, statement.sql) == ("First. Second.", "SELECT 1\n+ 1")


@pytest.mark.parametrize("heading", ["-- Page :one", "-- page :two", "-- page: one", "--page :one", " -- page :one", "-- page :one "])
def test_a_heading_that_is_misspelt_is_none(heading):
    assert list(parse(f"{heading}\nSELECT 1;\n")) == []


def test_an_empty_file_has_no_statements():
    assert list(parse("")) == []


def test_statements_are_attributes_under_their_names(tmp_path):
    path = tmp_path / "queries.sql"
    path.write_text(FILE)
    queries = Queries(path)
    assert queries.forget.startswith("DELETE")
    assert [statement.name for statement in queries] == ["page", "forget"]
    with pytest.raises(AttributeError, match="paeg"):
        _ = queries.paeg
