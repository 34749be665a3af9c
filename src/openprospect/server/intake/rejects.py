"""The file beside the input that holds every row that was rejected, one JSON object a line: what to mend in the input."""

import json
import os
import tempfile
from contextlib import suppress
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
    """Appears whole at the end, or not at all where nothing was rejected or something else failed; one of an earlier run is removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def add(self, rejected: RejectedRow) -> None:
        if self._file is None:
            self._file = self._opened()
        self._file.write(line_of(rejected))
        self.count += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is None:
            return
        partial = Path(self._file.name)
        if kind is None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        if kind is None:
            partial.replace(self.path)
        else:
            with suppress(FileNotFoundError):
                partial.unlink()

    def _opened(self) -> IO[bytes]:
        # Readable by its owner alone, as temporary files are: rejected rows are people too.
        try:
            return tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}.", delete=False)
        except OSError as error:
            raise InvalidInput(f"Rejected rows cannot be written beside the input ({self.path}): {error.strerror}.") from error


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
