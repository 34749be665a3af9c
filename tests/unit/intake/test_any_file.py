"""Properties of every file: no bytes break the intake, and no row is lost."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult

SYNTAX = ['"', ",", ";", "\t", "\n", "\r", "\r\n", "[", "]", "{", "}", ":", "\\", " ", "\0", "\ufeff", "sep=;"]
WORDS = ["Company", "Email", "name", "ä", "1", "a@example.com", '"name"', '"items"', "prospects"]
PIECES = st.sampled_from([piece.encode() for piece in SYNTAX + WORDS] + [b"\xff"])


def outcomes(content: bytes, ending: str) -> list[IntakeResult]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{ending}"
        path.write_bytes(content)
        with open_file(path, Choices()) as file:
            return list(file)


@pytest.mark.parametrize("ending", [".csv", ".json", ".jsonl"])
@pytest.mark.parametrize("start", [b"", b"Company,Email\n", b'[{"name": "A"},'])
def test_any_bytes_give_rows_or_say_what_is_wrong_with_the_file(ending: str, start: bytes) -> None:
    @settings(deadline=None, max_examples=60)
    @given(st.lists(PIECES, max_size=30).map(b"".join) | st.binary(max_size=60))
    def check(content: bytes) -> None:
        try:
            found = outcomes(start + content, ending)
        except InvalidInput:
            return
        assert all(outcome.line >= 1 for outcome in found)

    check()


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0\x1c\x1d\x1e\x1f\x85\u2028\u2029"), max_size=12)


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), VALUES), min_size=1, max_size=20),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_person_of_a_table_arrives_at_their_company(rows: list[tuple[int, int, str]], separator: str, end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["company_name", "source_id", "email", "note"])
    for company, person, _note in rows:
        note = next(note for other, who, note in rows if (other, who) == (company, person))
        writer.writerow([f"Hotel {company}", company, f"p{person}@example.com", note])
    found = outcomes(text.getvalue().encode(), ".csv")
    people = {
        (outcome.row.source_id, person.email, person.attributes.get("note"))
        for outcome in found
        if isinstance(outcome, DeliveredRow)
        for person in outcome.row.prospects
    }
    notes = {(company, person): note.strip() or None for company, person, note in reversed(rows)}
    assert people == {(str(company), f"p{person}@example.com", note) for (company, person), note in notes.items()}
    assert [outcome.row.source_id for outcome in found if isinstance(outcome, DeliveredRow)] == [
        str(company) for company in dict.fromkeys(company for company, _, _ in rows)
    ]
