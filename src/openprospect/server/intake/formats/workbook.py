"""Opening a workbook, unless it is none, locked, or made to unpack to more than it may. What its sheets hold is told elsewhere."""

import warnings
from collections.abc import Iterator
from typing import IO, Any, BinaryIO
from zipfile import ZipFile

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from openprospect.server.core.errors import InvalidInput

_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
# A workbook is a ZIP archive: a few kilobytes may unpack to any size. Sheets are read row by row, all else at once.
_MOST_BYTES = 1 << 30
_MOST_BYTES_AT_ONCE = 1 << 28


class _Reader(ExcelReader):
    def read_strings(self) -> None:
        """The shared texts, still escaped: openpyxl's own reading drops the mark of an escaped underscore, and then nobody can tell."""
        part: Any = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                self.shared_strings = list(_texts(source))


def open_workbook(name: str, file: BinaryIO) -> Any:
    """The workbook for reading; raises InvalidInput."""
    if file.read(4) == _OLD_OR_ENCRYPTED:
        raise InvalidInput(f"{name} is protected by a password, or an old .xls file; save it as .xlsx without a password.")
    try:
        size, size_at_once = _unpacks_to(file)
        if size > _MOST_BYTES or size_at_once > _MOST_BYTES_AT_ONCE:
            raise InvalidInput(f"{name} unpacks to more than a workbook may; save it as CSV, which is read in a stream.")
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; only values matter here.
            warnings.simplefilter("ignore")
            reader = _Reader(file, read_only=True, data_only=True)
            reader.read()
            return reader.wb
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(f"{name} is no Excel workbook, or a damaged one; save it anew as .xlsx.") from error


def _unpacks_to(file: BinaryIO) -> tuple[int, int]:
    """Bytes in all, and of what is read at once; as the archive states them, and no more is ever unpacked."""
    with ZipFile(file) as archive:
        parts = archive.infolist()
    at_once = (part for part in parts if not part.filename.startswith("xl/worksheets/"))
    return sum(part.file_size for part in parts), sum(part.file_size for part in at_once)


def _texts(source: IO[bytes]) -> Iterator[str]:
    for _, element in iterparse(source):
        if element.tag == f"{{{SHEET_MAIN_NS}}}si":
            text: Any = Text.from_tree(element)
            yield text.content
            element.clear()
