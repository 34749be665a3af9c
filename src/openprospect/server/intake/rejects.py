"""The file that holds every row that was rejected, one JSON object a line: what to mend in the input."""

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EEXIST
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import msgspec

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.outcome import RejectedRow


def rejects_path(path: Path | None) -> Path:
    """`FILE.rejected.jsonl`; for the standard input, `stdin.rejected.jsonl` in the current folder."""
    return path.with_name(f"{path.name}.rejected.jsonl") if path else Path("stdin.rejected.jsonl")


class Rejects(Protocol):
    """Where rejected rows go."""

    def add(self, rejected: RejectedRow) -> None: ...


class RejectsFile:
    """Written when the delivery is over, however it ended; until then the rows have no name on the disk, which a kill would leave there.

    One of an earlier run gives way, and goes where nothing is rejected any more; where nobody else may have its rows (`keeps_former`), it
    is moved aside instead.
    """

    def __init__(self, path: Path, *, keeps_former: bool) -> None:
        self.path = path
        self.count = 0
        self.is_written = False
        self._keeps_former = keeps_former
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Raises InvalidInput where the place cannot be written, before anything is delivered."""
        with self._told():
            if _is_other_than_file(self.path):
                raise FileExistsError(EEXIST, "That is no file")
            self._rows: IO[bytes] = self._stack.enter_context(tempfile.TemporaryFile(dir=self.path.parent))
        return self

    def add(self, rejected: RejectedRow) -> None:
        with self._told():
            self._rows.write(line_of(rejected))
        self.count += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._told(), self._stack:
            if self.count:
                self._publish()
            elif kind is None and not self._keeps_former:
                self.path.unlink(missing_ok=True)

    def _publish(self) -> None:
        self._rows.seek(0)
        with os.fdopen(self._created(), "wb") as file:
            shutil.copyfileobj(self._rows, file)
            file.flush()
            os.fsync(file.fileno())
        self.is_written = True

    def _created(self) -> int:
        while True:
            try:
                return _new(self.path)
            except FileExistsError:
                self._make_way()

    def _make_way(self) -> None:
        if not self._keeps_former:
            self.path.unlink(missing_ok=True)
            return
        aside = _reserved(self.path)
        try:
            self.path.replace(aside)
        except FileNotFoundError:  # another run was faster
            aside.unlink()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidInput(
                f"Rejected rows cannot be written to {self.path}: {error.strerror}. Name another place with --rejects."
            ) from error


def _is_other_than_file(path: Path) -> bool:
    """Asked at once: another run may move the file aside between two questions."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _reserved(path: Path) -> Path:
    """The first number that is free, as in `stdin.rejected.1.jsonl`, taken by an empty file: what is moved onto it overwrites nobody's."""
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
    return next(name for name in names if _is_taken(name))


def _is_taken(path: Path) -> bool:
    try:
        os.close(_new(path))
    except FileExistsError:
        return False
    return True


def _new(path: Path) -> int:
    """A file that was not there before, for its owner alone: rejected rows are people too."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)


def line_of(rejected: RejectedRow) -> bytes:
    """A rejected row as one line of JSON, its first fault in front."""
    first = rejected.faults[0]
    return (
        _encoded(
            {
                "line": rejected.line,
                "field": first.field,
                "reason": first.reason,
                "faults": [{"field": fault.field, "reason": fault.reason} for fault in rejected.faults],
                "row": rejected.raw,
            }
        )
        + b"\n"
    )


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (ValueError, RecursionError):
        return _as_text(value)


def _as_text(value: object) -> bytes:
    """Half characters as escapes, which JSON allows and UTF-8 does not."""
    return json.dumps(value, default=str, check_circular=False).encode()
