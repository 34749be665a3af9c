"""A producer's file as companies to deliver and rows to mend, in a stream. What a format looks like is told in `formats/`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path, PurePath
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.columns import Column, map_columns
from openprospect.server.intake.documents import DocumentIntake
from openprospect.server.intake.formats.delimited import Delimited
from openprospect.server.intake.formats.json_file import JsonFile
from openprospect.server.intake.formats.json_lines import JsonLines
from openprospect.server.intake.formats.parquet import ParquetDocuments, ParquetTable, open_parquet
from openprospect.server.intake.formats.spreadsheet import Spreadsheet
from openprospect.server.intake.outcome import IntakeResult
from openprospect.server.intake.table import TableIntake

Source = Delimited | Spreadsheet | ParquetTable | JsonLines | JsonFile | ParquetDocuments
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")


class Intake(Protocol):
    """Companies and rejected rows of one source. `repeated_headings`: rows read until now that were headings again, and left out."""

    repeated_headings: int

    def outcomes(self) -> Iterator[IntakeResult]: ...

    def fraction(self) -> float | None: ...

    def stop(self) -> None: ...


class InputFile:
    """An open file, to be iterated once. `columns` tells which column became which field; empty where the file has no table.

    `encoding` is what a CSV file was taken to be written in, `sheet` the one of a workbook that is read, and `sheets` all that it shows;
    None and empty for the other formats, which leave no choice. `title_lines`: how many lines above the headings were left out.
    """

    def __init__(self, intake: Intake, columns: Sequence[Column], stack: ExitStack, source: Source) -> None:
        self._intake = intake
        self._stack = stack
        self.columns = columns
        self.encoding = source.encoding if isinstance(source, Delimited) else None
        self.sheet = source.sheet if isinstance(source, Spreadsheet) else None
        self.sheets = source.sheets if isinstance(source, Spreadsheet) else ()
        self.title_lines = source.title_lines if isinstance(source, Delimited | Spreadsheet) else 0

    def __iter__(self) -> Iterator[IntakeResult]:
        return self._intake.outcomes()

    @property
    def progress(self) -> float | None:
        """How much is done, from 0 to 1; None where nobody can know. May be asked by another thread while the file is read."""
        return self._intake.fraction()

    @property
    def repeated_headings(self) -> int:
        """How many rows, as in files that were put together, were the headings again, and left out."""
        return self._intake.repeated_headings

    def stop(self) -> None:
        """Whoever iterates comes to an end soon. May be called by another thread; only then may nobody wait for what is left."""
        self._intake.stop()

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the caller knows better than any guess.

    `mapping` names columns by field (`{"source_id": "Kundennummer", "prospects.email": "Mail"}`); `encoding` is that of a CSV file,
    `sheet` the one of a workbook.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    sheet: str | None = None


def open_file(path: Path | None, choices: Choices, *, stdin: BinaryIO | None = None) -> InputFile:
    """Open a file, or NDJSON from the standard input where `path` is None; raises InvalidInput where it cannot be read as a whole."""
    with ExitStack() as stack:
        source = _opened(path, choices, stack) if path else JsonLines(stdin or sys.stdin.buffer, size=None)
        return _input(source, choices, stack)


def open_content(name: str, content: bytes, choices: Choices) -> InputFile:
    """The same for a file that is held in memory: of `name`, only the ending matters."""
    with ExitStack() as stack:
        stream = stack.enter_context(BytesIO(content))
        source = _source(name, stream, choices, size=len(content), stack=stack)
        return _input(source, choices, stack)


def _input(source: Source, choices: Choices, stack: ExitStack) -> InputFile:
    if choices.encoding is not None and not isinstance(source, Delimited):
        raise InvalidInput("Only CSV files have an encoding to name; JSON is always UTF-8, and the other formats know their own.")
    if choices.sheet is not None and not isinstance(source, Spreadsheet):
        raise InvalidInput("Only workbooks (.xlsx) have sheets to name.")
    intake, columns = _intake(source, choices.mapping, stack)
    return InputFile(intake, columns, stack.pop_all(), source)


def _intake(source: Source, mapping: Mapping[str, str], stack: ExitStack) -> tuple[Intake, Sequence[Column]]:
    if isinstance(source, Delimited | Spreadsheet | ParquetTable):
        columns = map_columns(source.headings, mapping)
        table = TableIntake(source, columns)
        stack.callback(table.close)
        return table, columns
    if mapping:
        raise InvalidInput("Only tables have columns to map (CSV, XLSX, flat Parquet); in JSON the fields carry their own names.")
    documents = DocumentIntake(source)
    stack.callback(documents.close)
    return documents, ()


def _opened(path: Path, choices: Choices, stack: ExitStack) -> Source:
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder; name a file in it.")
    try:
        stream = stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    return _source(path.name, stream, choices, size=path.stat().st_size, stack=stack)


def _source(name: str, stream: BinaryIO, choices: Choices, *, size: int, stack: ExitStack) -> Source:
    """What a file holds, by the ending of its name."""
    ending = _known_ending(name)
    if size == 0:
        raise InvalidInput(f"{name} is empty.")
    if ending in (".csv", ".tsv"):
        return Delimited(name, stream, stack, size=size, check=partial(map_columns, mapping=choices.mapping), encoding=choices.encoding)
    if ending == ".xlsx":
        return Spreadsheet(name, stream, stack, named=choices.sheet, check=partial(map_columns, mapping=choices.mapping))
    if ending == ".parquet":
        return open_parquet(name, stream, stack)
    return JsonFile(stream, size=size) if ending == ".json" else JsonLines(stream, size=size)


def _known_ending(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise InvalidInput(f"Files ending in {ending or 'nothing'} cannot be delivered; known are {', '.join(ENDINGS)}, and - for NDJSON.")
    return ending
