"""A per-process journal of pages that were served but are not yet in the database; it survives a killed process, not a reboot.

A process that ends normally removes its file. One that is killed leaves it, and the next that starts here writes it to the database.
"""

import fcntl
import logging
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from openprospect.server.core.appending import append_whole
from openprospect.server.searches.model import SearchId

logger = logging.getLogger(__name__)


class Given(msgspec.Struct, frozen=True, array_like=True):
    """One line: all that was delivered after `since`, or at all, and up to `until`."""

    search_id: SearchId
    consumer: str
    since: datetime | None
    until: datetime
    at: datetime


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Given).decode


@contextmanager
def _tolerated() -> Iterator[None]:
    """A page is answered all the same."""
    try:
        yield
    except OSError as error:
        logger.warning("What is given out cannot be noted: %s", error)


class Journal:
    """The file of this process. It is held as long as the process lives, so that others can tell."""

    def __init__(self, folder: Path) -> None:
        while True:
            self.descriptor, name = tempfile.mkstemp(prefix="given-", dir=folder)
            self._path = Path(name)
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            if self._path.exists():
                return
            os.close(self.descriptor)  # somebody took it for one that was left behind

    def note(self, given: Given) -> None:
        with _tolerated():
            append_whole(self.descriptor, _encode(given) + b"\n", at=self._size)

    def keep(self, given: Sequence[Given]) -> None:
        """Everything but this is in the database."""
        lines = b"".join(_encode(one) + b"\n" for one in given)
        with _tolerated():
            append_whole(self.descriptor, lines, at=0)  # over what was there, which takes no more room
            os.ftruncate(self.descriptor, len(lines))

    def close(self) -> None:
        if self._size == 0:
            self._path.unlink(missing_ok=True)
        os.close(self.descriptor)

    @property
    def _size(self) -> int:
        return os.fstat(self.descriptor).st_size


@contextmanager
def own_journal(folder: Path) -> Iterator[Journal | None]:
    """The journal of this process in a folder of nobody else's; None, and a line in the log, where there can be none."""
    try:
        journal = _begun_in(folder)
    except OSError as error:
        logger.warning(
            "No journal in %s: %s. If this process is killed, what it served in its last two seconds is forgotten.", folder, error
        )
        yield None
        return
    try:
        yield journal
    finally:
        journal.close()
        with suppress(OSError):  # others are in it
            folder.rmdir()


def _begun_in(folder: Path) -> Journal:
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise PermissionError("it is open to others")
        with suppress(FileNotFoundError):  # whoever was in it has just left
            return Journal(folder)


class LeftBehind:
    """The files of processes that were killed, held until they are disposed of."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[Path, int] = {}
        for path in folder.glob("given-*"):
            with suppress(OSError):
                self._hold(path)

    def given(self) -> Iterator[Given]:
        for path in self._files:
            for line in path.read_bytes().splitlines():
                with suppress(msgspec.DecodeError):  # the end of a line that was being written
                    yield _decode(line)

    def dispose(self) -> None:
        """All of it is in the database."""
        while self._files:
            path, descriptor = self._files.popitem()
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def _hold(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        self._files[path] = descriptor
