"""Workbooks made to do harm: whatever stands in them, they give rows or say what is wrong, in bounded time and memory."""

import io
from collections.abc import Callable
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult
from tests.unit.intake.test_any_file import outcomes

SHEET, STRINGS, TYPES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"
DECLARATION = "<!DOCTYPE x [%s]><sst"


STRINGS_TYPE = (
    '<Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def parts() -> dict[str, bytes]:
    """The parts of a workbook as Excel writes one, by name: with a text in the table of texts."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["company_name", "email", "stars"])
    sheet.append(["Grand Hotel", "maria@hotel.example", 5])
    book.save(file)
    with ZipFile(file) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    found[SHEET] = found[SHEET].replace(b't="inlineStr"><is><t>Grand Hotel</t></is>', b't="s"><v>0</v>')
    found[STRINGS] = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>Grand Hotel</t></si></sst>'
    found[TYPES] = found[TYPES].replace(b"</Types>", (STRINGS_TYPE % STRINGS).encode())
    return found


PARTS = parts()


def packed(changed: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in (PARTS | changed).items():
            archive.writestr(name, content)
    return file.getvalue()


def read(changed: dict[str, bytes]) -> list[IntakeResult]:
    return outcomes(packed(changed), ".xlsx")


def replaced(part: str, old: str, new: str) -> dict[str, bytes]:
    assert old.encode() in PARTS[part]
    return {part: PARTS[part].replace(old.encode(), new.encode())}


def entities(name: str) -> str:
    """Each entity is ten of the one before: a gigabyte from a line."""
    chain = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return DECLARATION % f'<!ENTITY e0 "aaaaaaaaaa">{chain}' if name == "bomb" else DECLARATION % '<!ENTITY e9 SYSTEM "file:///etc/passwd">'


def test_the_workbook_is_sound_before_it_is_damaged() -> None:
    (found,) = read({})
    assert isinstance(found, DeliveredRow)
    assert found.row.name == "Grand Hotel"


@pytest.mark.parametrize("row", ["99999999", "1e15", "1048577"])
def test_a_row_beyond_the_end_of_excel_is_refused_and_none_is_made_up(row: str) -> None:
    with pytest.raises(InvalidInput, match="rows beyond 1,048,576"):
        read(replaced(SHEET, '<row r="2"', f'<row r="{row}"'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="2"', '<row r="x"'),
        ('<row r="2"', '<row r="0.5"'),
        ('r="A2"', 'r="2"'),
        ('r="A2"', 'r="ZZZZ2"'),
        ('r="A2"', 'r="A"'),
        ("<v>0</v>", "<v>999</v>"),
        ("<v>0</v>", "<v>x</v>"),
        ("<v>5</v>", "<v>x</v>"),
        ('t="n"', 't="d"'),
        ('t="n"', 's="x"'),
        ("</sheetData>", ""),
    ],
)
def test_a_damaged_sheet_is_told(old: str, new: str) -> None:
    with pytest.raises(InvalidInput, match=r"damaged behind row|no Excel workbook"):
        read(replaced(SHEET, old, new))


@pytest.mark.parametrize("kind", ["bomb", "file"])
def test_an_entity_is_neither_multiplied_nor_looked_up(kind: str) -> None:
    strings = PARTS[STRINGS].replace(b"<sst", entities(kind).encode(), 1).replace(b"<t>Grand Hotel</t>", b"<t>Grand &e9;</t>")
    try:
        found = read({STRINGS: strings})
    except InvalidInput:
        return
    assert len(repr(found)) < 10_000
    assert "root:" not in repr(found)


@pytest.mark.parametrize("part", [STRINGS, SHEET])
def test_a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(part: str) -> None:
    with pytest.raises(InvalidInput, match="unpacks to more than a workbook may"):
        outcomes(of_claimed_size(packed({}), part, 2 << 30), ".xlsx")


def of_claimed_size(content: bytes, part: str, size: int) -> bytes:
    """The archive, with another size of one part in its directory: what a reader goes by."""
    directory = content.index(b"PK\x01\x02")
    at = content.index(part.encode(), directory) - 46
    return content[: at + 24] + size.to_bytes(4, "little") + content[at + 28 :]


def test_a_part_that_is_larger_than_it_says_is_not_read_on() -> None:
    content = packed({STRINGS: PARTS[STRINGS] + b" " * (1 << 20)})
    with pytest.raises(InvalidInput, match="no Excel workbook, or a damaged one"):
        outcomes(of_claimed_size(content, STRINGS, len(PARTS[STRINGS]) - 10), ".xlsx")


CHANGES: list[Callable[[bytes, int, bytes], bytes]] = [
    lambda text, at, piece: text[:at] + piece + text[at:],
    lambda text, at, piece: text[:at] + piece + text[at + len(piece) :],
    lambda text, at, piece: text[:at] + text[at + 1 + len(piece) :],
]
PIECES = st.sampled_from([b'"', b"<", b">", b"/", b"&", b"-1", b"9" * 20, b"<row>", b"<c/>", b't="d"', b"\0", b"\xff", b"]]>"]) | st.binary(
    max_size=3
)


@settings(deadline=None)
@given(part=st.sampled_from(sorted(PARTS)), at=st.integers(0, 4_000), change=st.sampled_from(CHANGES), piece=PIECES)
def test_any_damage_to_any_part_gives_rows_or_says_what_is_wrong(
    part: str, at: int, change: Callable[[bytes, int, bytes], bytes], piece: bytes
) -> None:
    try:
        found = read({part: change(PARTS[part], at % len(PARTS[part]), piece)})
    except InvalidInput:
        return
    assert len(found) <= 3


@settings(deadline=None)
@given(at=st.integers(0, 1 << 14), piece=st.binary(min_size=1, max_size=4))
def test_any_damage_to_the_archive_gives_rows_or_says_what_is_wrong(at: int, piece: bytes) -> None:
    content = packed({})
    try:
        found = outcomes(CHANGES[1](content, at % len(content), piece), ".xlsx")
    except InvalidInput:
        return
    assert len(found) <= 3
