"""JSON Lines and JSON files."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file
from openprospect.server.intake.formats import json_file, json_lines
from openprospect.server.intake.outcome import DeliveredRow

from .conftest import Read

Reader = Callable[..., Read]
A = {"name": "A", "source_id": "1", "prospects": [{"email": "a@example.com"}]}
B = {"name": "B", "source_id": 2, "tags": ["x", {"y": '"}]{['}], "score": 0.5}


def names(found: Read) -> list[tuple[int, str]]:
    return [(delivered.line, delivered.row.name) for delivered in found.delivered]


class TestLines:
    @pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "X.JSONL"])
    def test_a_line_is_a_company(self, read: Reader, name: str) -> None:
        found = read(f"{json.dumps(A)}\n\n{json.dumps(B)}\r\n", name)
        assert names(found) == [(1, "A"), (3, "B")]
        assert found.companies[1].attributes == {"tags": B["tags"], "score": 0.5}

    def test_a_byte_order_mark_is_no_content(self, read: Reader) -> None:
        assert names(read(b"\xef\xbb\xbf" + json.dumps(A).encode(), "x.jsonl")) == [(1, "A")]

    def test_utf16_is_told(self, read: Reader) -> None:
        with pytest.raises(InvalidInput, match="UTF-16"):
            read(json.dumps(A).encode("utf-16"), "x.jsonl")

    @pytest.mark.parametrize("line", ['{"name": "B"', '{"name": NaN}', '{"name": "\\ud800"}', b'{"name": "\xff"}', "[" * 100_000])
    def test_a_bad_line_is_rejected_and_the_rest_goes_on(self, read: Reader, line: str | bytes) -> None:
        bad = line.encode() if isinstance(line, str) else line
        found = read(json.dumps(A).encode() + b"\n" + bad + b"\n" + json.dumps(B).encode(), "x.jsonl")
        assert names(found) == [(1, "A"), (3, "B")]
        assert (found.rejected[0].line, found.rejected[0].raw) == (2, bad.decode(errors="replace"))
        assert found.rejected[0].faults[0].reason.startswith("not valid JSON: ")

    def test_a_row_with_faults_is_kept_as_it_stood(self, read: Reader) -> None:
        found = read('{"name": "A", "prospects": [{"email": "x"}], "n": 1.0}', "x.jsonl")
        assert found.faults == [(1, "prospects[0].email", "expected one e-mail address, such as name@example.com")]
        assert msgspec.json.encode(found.rejected[0].raw) == b'{"name": "A", "prospects": [{"email": "x"}], "n": 1.0}'

    def test_a_company_that_comes_twice_is_rejected_the_second_time(self, read: Reader) -> None:
        found = read("\n".join([json.dumps(A), json.dumps(B), json.dumps(A | {"name": "A2"})]), "x.jsonl")
        assert names(found) == [(1, "A"), (2, "B")]
        assert found.faults == [(3, "source_id", "the same company as in line 1; put all of a company into one line, or under one id")]

    def test_an_endless_line_does_not_fill_the_memory(self, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_lines, "MAX_DOCUMENT_BYTES", 200)
        found = read(json.dumps(A) + "\n" + "x" * 5_000 + "\n" + json.dumps(B), "x.jsonl")
        assert names(found) == [(1, "A"), (3, "B")]
        assert found.faults == [(2, "", "a line of more than 200 bytes; expected one company a line")]

    def test_the_standard_input_is_read_without_knowing_its_size(self) -> None:
        with open_file(None, Choices(), stdin=io.BytesIO(json.dumps(A).encode() + b"\nx\n")) as file:
            delivered, rejected = list(file)
            assert file.progress is None
        assert isinstance(delivered, DeliveredRow)
        assert (delivered.row.name, rejected.line) == ("A", 2)


class TestFiles:
    @pytest.mark.parametrize(
        "document",
        [
            [A, B],
            {"companies": [A, B]},
            {"items": [A, B], "total": 2},
            {"total": 2, "meta": {"items": [1], "x": "companies"}, "items": [A, B]},
        ],
    )
    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n  "])
    def test_companies_are_found_in_a_list(self, read: Reader, document: Any, indent: int | None, mark: bytes) -> None:
        found = read(mark + json.dumps(document, indent=indent).encode(), "x.json")
        assert found.rejected == []
        assert [company.name for company in found.companies] == ["A", "B"]

    def test_one_object_is_one_company(self, read: Reader) -> None:
        assert read(json.dumps(A, indent=1), "x.json").company.source_id == "1"

    def test_an_empty_list_is_no_company(self, read: Reader) -> None:
        assert read("[ ]", "x.json").companies == []

    def test_lines_are_lines_of_the_file(self, read: Reader) -> None:
        assert names(read(json.dumps([A, B], indent=2), "x.json")) == [(2, "A"), (11, "B")]

    @pytest.mark.parametrize("element", ['{"name": 01}', '{"name": "\\ud83d"}', "17", '"x"', "null", '{"a": [1}}'])
    def test_an_element_that_is_no_company_is_rejected_alone(self, read: Reader, element: str) -> None:
        found = read(f"[{json.dumps(A)},\n{element} ,\n{json.dumps(B)}]", "x.json")
        assert names(found) == [(1, "A"), (3, "B")]
        assert found.rejected[0].line == 2

    @pytest.mark.parametrize("end", ["", ",", ',{"name": "C', ',{"name": "C"', ",nul"])
    def test_a_file_that_was_cut_off_says_so(self, read: Reader, end: str) -> None:
        found = read(f"[{json.dumps(A)}{end}", "x.json")
        assert names(found) == [(1, "A")]
        assert len(found.rejected) == 1

    @pytest.mark.parametrize("document", [[A], {"items": [A], "meta": {"items": ["]}"]}, "total": 1}])
    def test_what_follows_the_first_list_is_rejected_with_its_line(self, read: Reader, document: Any) -> None:
        text = json.dumps(document)
        assert read(f"{text}\n \n", "x.json").rejected == []
        found = read(f"{text}\n{text}\n", "x.json")
        assert names(found) == [(1, "A")]
        assert [line for line, _, _ in found.faults] == [2]
        assert found.faults[0][2].startswith("a second JSON value")

    @pytest.mark.parametrize("end", ["", ', "total', ', "total": 1', "]"])
    def test_an_object_that_does_not_close_behind_its_list_says_so(self, read: Reader, end: str) -> None:
        found = read(f'{{"items": [{json.dumps(A)}]{end}', "x.json")
        assert names(found) == [(1, "A")]
        assert found.faults == [(1, "", "not valid JSON behind the list of companies; was the file cut off?")]

    def test_elements_and_strings_may_lie_across_chunks(self, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_file, "_CHUNK", 7)
        companies = [{"name": f'Höt\\el {number} "x"', "source_id": number} for number in range(50)]
        found = read(json.dumps({"meta": {"a": []}, "companies": companies, "next": ["]}", 12345678]}, indent=1), "x.json")
        assert found.rejected == []
        assert [company.name for company in found.companies] == [company["name"] for company in companies]

    @pytest.mark.parametrize("text", ["7", '"x"', "Company,Email"])
    def test_what_holds_no_list_is_refused(self, read: Reader, text: str) -> None:
        with pytest.raises(InvalidInput, match="Expected a JSON list"):
            read(text, "x.json")

    def test_blanks_alone_are_empty(self, read: Reader) -> None:
        with pytest.raises(InvalidInput, match="empty"):
            read("  \n", "x.json")

    def test_an_object_too_big_to_be_a_company_is_rejected(self, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_file, "MAX_DOCUMENT_BYTES", 200)
        found = read(json.dumps({"name": "x" * 1_000}), "x.json")
        assert found.faults == [(1, "", "an object of more than 200 bytes without a list of companies")]


def test_json_has_no_columns_to_map(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(A))
    with pytest.raises(InvalidInput, match="Only tables have columns to map"):
        open_file(path, Choices(mapping={"source_id": "Nr"}))
