"""The erasure log: every erasure and every change of a suppression list once more, in a file apart from the database.

So a restored backup is cleaned of the erased again, and keeps out whoever was to be kept out.

It holds ids and keyed hashes alone; the keys are in the database.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO, Literal, Self
from uuid import UUID, uuid4

import msgspec

from openprospect.server.core.appending import append_durably
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.instance.store import LogMark

# So much before a mark is looked at to see that the file is still the same: longer than most of its lines.
_MARKED_BYTES = 4096


class LoggedErasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `prospect_ids` are those of the person, `marks` what keeps them from coming back: kinds and hashes."""

    id: UUID
    organization_id: UUID
    at: datetime
    actor: str
    subject_hash: bytes
    prospect_ids: list[UUID]
    marks: list[tuple[str, bytes]]

    @property
    def mailboxes(self) -> set[bytes]:
        return {digest for kind, digest in self.marks if kind == "email"}

    def joined(self, other: Self) -> Self:
        """The same erasure as two entries tell of it: with whatever either names."""
        prospect_ids, marks = {*self.prospect_ids, *other.prospect_ids}, {*self.marks, *other.marks}
        return msgspec.structs.replace(self, prospect_ids=sorted(prospect_ids), marks=sorted(marks))


class LoggedListing(msgspec.Struct, frozen=True, kw_only=True):
    """Marks that somebody put on a suppression list, or took off it; or the complete list, which has nothing else on it."""

    organization_id: UUID
    at: datetime
    actor: str
    change: Literal["added", "removed", "complete"]
    marks: list[tuple[str, bytes]]


Logged = LoggedErasure | LoggedListing


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What every log begins with, which tells it from all others. Further on: that from here it stands for others too, which were lost."""

    log: UUID
    at: datetime
    replaces: list[bytes]
    """The hashes of their first lines."""

    @classmethod
    def of(cls, *, replaces: Sequence[bytes] = ()) -> Self:
        return cls(log=uuid4(), at=datetime.now(UTC), replaces=list(replaces))


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down after a mark, oldest first, and where that ends."""

    entries: list[Logged]
    mark: LogMark


class _Line(msgspec.Struct):
    """What tells the three apart: only a listing has a change, only a beginning a log."""

    change: str | None = None
    log: UUID | None = None


class ErasureLog:
    """A file of one line an erasure or a change of a list, shared by any number of processes.

    It is made by `begin` alone, never by whoever has something to add: a file that is not there, or is empty, is a log that was lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> bytes:
        """See that there is a log, and answer the hash of its first line. Raises Misconfigured where none can be made."""
        try:
            with self._held(os.O_CREAT) as descriptor:
                if _end_of_whole_lines(descriptor) == 0:
                    line = msgspec.json.encode(Beginning.of()) + b"\n"
                    append_durably(descriptor, line, at=0, path=self.path)
                return _first_line_hash(descriptor)
        except OSError as error:
            raise Misconfigured(
                f"The erasure log {self.path} cannot be written ({error.strerror}), so nobody could be erased. Mend that; or move the "
                "file, if it is there, and name its new place in OPENPROSPECT_ERASURE_LOG."
            ) from None

    def first_line_hash(self) -> bytes | None:
        """What tells it from every other log; none where it is empty, or not there."""
        with self._lines() as lines:
            first = next(lines, None)
        return first and hashlib.sha256(first).digest()

    async def add(self, *entries: Logged | Beginning, known_by: bytes | None) -> None:
        """On the disk when this returns: call it before what it tells of is committed, so that nothing is missing.

        Raises Unavailable where the file cannot be written, or its first line has not the hash that the database knows its log by.
        """
        try:
            await asyncio.to_thread(self._append, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries), known_by)
        except OSError as error:
            raise Unavailable(
                f"The erasure log {self.path} cannot be written ({error.strerror}), so nothing was changed."
                " Bring it back, make room or mend its permissions; or move the file and name its new place in OPENPROSPECT_ERASURE_LOG."
            ) from error

    def entries(self) -> Iterator[Logged]:
        """Oldest first; none where there is no file. Raises Misconfigured at a line that is damaged."""
        return (entry for entry in self._read() if not isinstance(entry, Beginning))

    def stands_for(self) -> set[bytes]:
        """The hashes of the first lines of all logs that this one is enough for: its own, and those it was begun in place of."""
        own = self.first_line_hash()
        replaced = {digest for entry in self._read() if isinstance(entry, Beginning) for digest in entry.replaces}
        return replaced | ({own} if own else set())

    def since(self, mark: LogMark | None, *, known_by: bytes | None) -> News:
        """What was written down since somebody read it up to there; all of it, where nobody has.

        Raises Misconfigured where the file is not there, or its first line has not the hash that the database knows its log by, if it knows
        any; and where it does not hold what was read, as an older copy does not.
        """
        with self._kept_still() as file:
            first_line = file.readline()
            if not _is_whole(first_line) or (known_by and hashlib.sha256(first_line).digest() != known_by):
                raise Misconfigured(f"{self.path} is not the erasure log of this database. Start the service again: it says what to do.")
            start = mark.size_bytes if mark else 0
            if mark and _mark_at(file, start) != mark:
                raise Misconfigured(
                    f"The erasure log {self.path} lacks what this database has read there before, as an older copy of it does. Bring the "
                    "newest back; where that is lost for good, `openprospect erasures begin-log` goes on with this one."
                )
            file.seek(start)
            lines = list(takewhile(_is_whole, file))
            told = [self._decoded(line, f"line {number} after byte {start:,}") for number, line in enumerate(lines, start=1)]
            entries = [entry for entry in told if not isinstance(entry, Beginning)]
            return News(entries=entries, mark=_mark_at(file, start + sum(map(len, lines))))

    @contextmanager
    def _kept_still(self) -> Iterator[BinaryIO]:
        """The file, while nobody writes: what is read of it is whole, and on the disk."""
        try:
            file = os.fdopen(self._open(os.O_RDONLY), "rb")
            fcntl.flock(file, fcntl.LOCK_SH)
        except OSError as error:
            raise Misconfigured(f"The erasure log {self.path} cannot be read: {error.strerror}.") from None
        with file:
            yield file

    def _read(self) -> "Iterator[Logged | Beginning]":
        with self._lines() as lines:
            for number, line in enumerate(lines, start=1):
                yield self._decoded(line, f"line {number}")

    @contextmanager
    def _lines(self) -> Iterator[Iterator[bytes]]:
        try:
            file = os.fdopen(self._open(os.O_RDONLY), "rb")
        except FileNotFoundError:
            yield iter(())
            return
        except OSError as error:
            raise Misconfigured(f"The erasure log {self.path} cannot be read: {error.strerror}.") from None
        with file:
            # Whoever died while writing its last line had not yet committed what it says; nor has who is just writing it.
            yield takewhile(_is_whole, file)

    def _append(self, lines: bytes, known_by: bytes | None) -> None:
        with self._held() as descriptor:
            end = _end_of_whole_lines(descriptor)
            if end == 0:
                raise OSError(errno.ENODATA, "it is empty, and never should be")
            if _first_line_hash(descriptor) != known_by:
                raise Unavailable(
                    f"{self.path} is not, or no longer, the erasure log of this database, so nothing was changed. Where another was begun "
                    "in its place, start the services again, with OPENPROSPECT_ERASURE_LOG naming that one; else bring the right file back."
                )
            os.ftruncate(descriptor, end)
            append_durably(descriptor, lines, at=end, path=self.path)

    @contextmanager
    def _held(self, flags: int = 0) -> Iterator[int]:
        """The file, by one process at a time."""
        descriptor = self._open(os.O_RDWR | flags)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _open(self, flags: int) -> int:
        try:
            return os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        except PermissionError:
            raise Misconfigured(
                f"The erasure log {self.path} belongs to the user `{_owner_of(self.path)}`, and this one may not use it. "
                "Run this as that user, or as root."
            ) from None

    def _decoded(self, line: bytes, place: str) -> Logged | Beginning:
        try:
            told = msgspec.json.decode(line, type=_Line)
            if told.log is not None:
                return msgspec.json.decode(line, type=Beginning)
            if told.change is not None:
                return msgspec.json.decode(line, type=LoggedListing)
            return msgspec.json.decode(line, type=LoggedErasure)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Misconfigured(
                f"{self.path}, {place}, is no erasure and no change of a list: {error}. Take the file from another copy; if it was"
                " joined from several, name each of these by an --erasure-log of its own."
            ) from error


def _is_whole(line: bytes) -> bool:
    return line.endswith(b"\n")


def _end_of_whole_lines(descriptor: int) -> int:
    """Where the next line begins: behind the last whole one, whatever a process that died left there."""
    end = os.fstat(descriptor).st_size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        end -= 1
    return end


def _first_line_hash(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return hashlib.sha256(file.readline()).digest()


def _mark_at(file: BinaryIO, size_bytes: int) -> LogMark:
    start = max(0, size_bytes - _MARKED_BYTES)
    file.seek(start)
    return LogMark(size_bytes=size_bytes, end_hash=hashlib.sha256(file.read(size_bytes - start)).digest())


def _owner_of(path: Path) -> str:
    """Of the file, or of the nearest folder on the way there that this account may look at."""
    number = next(number for number in map(_owner_number, (path, *path.absolute().parents)) if number is not None)
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # an account that this machine has no name for
        return str(number)


def _owner_number(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None
