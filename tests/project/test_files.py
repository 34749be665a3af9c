"""Size and form of the files themselves."""

from tests.project.repository import files_ending, text_of

LONGEST = 300
LONGER = {  # path: the reason why it is one subject all the same
    "tests/sync/contract.py": "all that a destination promises, in one list",
    "src/openprospect/server/db/schema.sql": "the whole schema, written by a program",
}

RELEASES = "tests/migration/releases"  # whole databases, written by a program


def lines_of(path):
    return text_of(path).count("\n")


def test_no_file_of_code_is_longer_than_300_lines_without_a_reason():
    too_long = {
        str(path): lines_of(path) for path in files_ending(".py", ".sql") if lines_of(path) > LONGEST and str(path.parent) != RELEASES
    }
    assert {path: lines for path, lines in too_long.items() if path not in LONGER} == {}


def test_every_file_allowed_to_be_long_still_is():
    assert [path for path in LONGER if lines_of(path) <= LONGEST] == []


def test_every_module_says_what_is_in_it():
    silent = [str(path) for path in files_ending(".py") if text_of(path).strip() and not text_of(path).lstrip().startswith('"""')]
    assert silent == []
