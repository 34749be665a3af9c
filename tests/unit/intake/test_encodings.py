"""CSV in every encoding that people have: told from its words, the same for any part of a file, or named by the caller."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file
from openprospect.server.intake.outcome import DeliveredRow

from .conftest import Read

Reader = Callable[..., Read]
ROWS = "Firma;Ort;E-Mail\nGrand Hôtel Zürich;Köln;m@example.com\n"
WESTERN = ["da_DK", "no_NO", "sv_SE", "es_ES", "pt_PT", "is_IS", "fr_FR", "de_DE", "it_IT", "fi_FI"]
CENTRAL = ["pl_PL", "cs_CZ", "hu_HU"]
# From a few names on: a lone `Kuèera` could be anybody.
ENOUGH = 25


@cache
def names_of(locale: str, encoding: str) -> list[str]:
    """People of a country that cannot be written in ASCII."""
    country = Faker(locale)
    country.seed_instance(2026)
    names = dict.fromkeys(f"{country.first_name()} {country.last_name()}, {country.city()}" for _ in range(400))
    return [name for name in names if not name.isascii() and name.encode(encoding, "ignore").decode(encoding) == name]


def read_back(names: list[str], encoding: str) -> tuple[str | None, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes("\n".join(["company_name", *(f'"{name}"' for name in names)]).encode(encoding))
        with open_file(path, Choices()) as file:
            return file.encoding, [outcome.row.name for outcome in file if isinstance(outcome, DeliveredRow)]


@pytest.mark.parametrize("locale", WESTERN)
def test_any_names_of_western_europe_come_out_as_they_went_in(locale: str) -> None:
    @settings(deadline=None, max_examples=20)
    @given(st.lists(st.sampled_from(names_of(locale, "cp1252")), min_size=1, max_size=60, unique=True))
    def check(names: list[str]) -> None:
        assert read_back(names, "cp1252") == ("cp1252", names)

    check()


@pytest.mark.parametrize("locale", CENTRAL)
def test_enough_names_of_central_europe_come_out_as_they_went_in(locale: str) -> None:
    @settings(deadline=None, max_examples=20)
    @given(st.lists(st.sampled_from(names_of(locale, "cp1250")), min_size=ENOUGH, max_size=60, unique=True))
    def check(names: list[str]) -> None:
        assert read_back(names, "cp1250") == ("cp1250", names)

    check()


@pytest.mark.parametrize(("locale", "encoding"), [*((locale, "cp1252") for locale in WESTERN), *((locale, "cp1250") for locale in CENTRAL)])
def test_the_beginning_of_a_file_and_all_of_it_are_read_alike(locale: str, encoding: str) -> None:
    names = names_of(locale, encoding)
    assert {read_back(names[:size], encoding)[0] for size in (ENOUGH, 60, len(names))} == {encoding}


def test_a_file_of_all_western_countries_together_is_western() -> None:
    names = [name for locale in WESTERN for name in names_of(locale, "cp1252")[:30]]
    assert read_back(names, "cp1252") == ("cp1252", names)


@pytest.mark.parametrize(
    "text",
    [
        "Søn & Åse",
        "Piñol",
        "São João",
        "Æsir",
        "Þórður",
        "O\N{RIGHT SINGLE QUOTATION MARK}Brien",
        "Léon\N{RIGHT SINGLE QUOTATION MARK}s",
        "Hotel™",
        "Smith\N{EN DASH}Sons",
        "“Adler”",
        "Nº",
        "£",
        "£500",
        "5½ m²",
    ],
)
def test_one_name_with_a_sign_is_western(text: str) -> None:
    assert read_back([text], "cp1252") == ("cp1252", [text])


@pytest.mark.parametrize("names", [names_of("ru_RU", "cp1251")[:60], ["Филиппова"]], ids=["many", "one"])
def test_russian_is_read_as_such(names: list[str]) -> None:
    assert read_back(names, "cp1251") == ("cp1251", names)


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850"])
def test_german_names_are_read_from_old_systems(encoding: str) -> None:
    assert read_back(["Bäckerei Groß", "Café Müller", "Köln"], encoding)[1] == ["Bäckerei Groß", "Café Müller", "Köln"]


class TestUnicode:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "mac_roman"])
    def test_umlauts_survive_every_usual_encoding(self, read: Reader, encoding: str) -> None:
        company = read(ROWS.encode(encoding)).company
        assert (company.name, company.attributes) == ("Grand Hôtel Zürich", {"ort": "Köln"})

    @pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
    def test_a_first_umlaut_may_come_late(self, read: Reader, encoding: str) -> None:
        text = "company_name\n" + "".join(f"Hotel {number} {'x' * 80}\n" for number in range(20_000)) + "Hôtel Müller\n"
        assert read(text.encode(encoding)).companies[-1].name == "Hôtel Müller"

    def test_a_broken_line_among_good_utf8_is_rejected_alone(self, read: Reader) -> None:
        found = read("company_name\nMüller\nK\xf6ln\nJäger\nÖlz\n".encode().replace("K\xf6ln".encode(), b"K\xf6ln"))
        assert [company.name for company in found.companies] == ["Müller", "Jäger", "Ölz"]
        assert found.faults == [(3, "", "holds bytes that are no text in the file's encoding; save the file as UTF-8")]

    def test_the_only_umlaut_may_be_the_last_byte(self, read: Reader) -> None:
        found = read("company_name\nBar\nCafé".encode("cp1252"))
        assert [company.name for company in found.companies] == ["Bar", "Café"]

    def test_half_a_character_at_the_end_rejects_its_row_alone(self, read: Reader) -> None:
        found = read("company_name\nBär\nKöln".encode("utf-16") + b"x")
        assert [company.name for company in found.companies] == ["Bär"]
        assert [line for line, _, _ in found.faults] == [3]

    @pytest.mark.parametrize(
        ("magic", "ending"), [(b"PK\x03\x04....", ".xlsx"), (b"PAR1....", ".parquet"), (b"\xd0\xcf\x11\xe0....", ".xls")]
    )
    def test_another_format_under_the_name_of_csv_is_told(self, read: Reader, magic: bytes, ending: str) -> None:
        with pytest.raises(InvalidInput, match=f"looks like a {ending} file"):
            read(magic)


class TestNamed:
    """An encoding that the caller names goes before every guess."""

    @pytest.mark.parametrize(("named", "read_as"), [("cp1250", "Dvořák"), ("windows-1250", "Dvořák"), ("CP1252", "Dvoøák")])
    def test_it_is_what_the_file_is_read_in(self, read: Reader, named: str, read_as: str) -> None:
        assert read("company_name\nDvořák\n".encode("cp1250"), encoding=named).company.name == read_as

    def test_it_is_known_afterwards_under_its_usual_name(self, read: Reader) -> None:
        assert read("company_name\nA\n", encoding="windows-1250").encoding == "cp1250"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-32", "shift_jis", "gb18030", "ascii"])
    def test_bytes_that_it_does_not_know_reject_their_row(self, read: Reader, encoding: str) -> None:
        text = ["company_name\nA\n", "\nB\n"]
        found = read(text[0].encode(encoding) + b"x\xff\xff\xff" + text[1].encode(encoding.replace("32", "32-le")), encoding=encoding)
        assert [company.name for company in found.companies] == ["A", "B"]
        assert [line for line, _, _ in found.faults] == [3]

    @pytest.mark.parametrize("name", ["latin-99", "hex", "rot13", ""])
    def test_an_unknown_one_is_told(self, read: Reader, name: str) -> None:
        with pytest.raises(
            InvalidInput, match=r"There is no encoding .*; the usual encodings are utf-8, utf-16, cp1252 \(Western Europe\)"
        ):
            read("company_name\nA\n", encoding=name)

    @pytest.mark.parametrize("name", ["undefined", "idna", "punycode", "utf-16"])
    def test_one_in_which_nothing_of_the_file_can_be_read_is_told(self, read: Reader, name: str) -> None:
        with pytest.raises(InvalidInput, match=f"cannot be read as '{name}'; the usual encodings are"):
            read("company_name\nA\n", encoding=name)

    @pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
    def test_only_csv_has_one(self, read: Reader, name: str) -> None:
        with pytest.raises(InvalidInput, match="Only CSV files have an encoding to name"):
            read('{"name": "A"}', name, encoding="cp1252")
