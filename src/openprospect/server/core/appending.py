"""Appending to a file: all of the data is written, or the file is cut back. A nearly full disk writes a part and reports no error."""

import errno
import os
from contextlib import suppress
from pathlib import Path


def append_whole(descriptor: int, data: bytes, *, at: int) -> None:
    """All of it stands at that place. Raises OSError where it does not; the file then ends there."""
    try:
        _write(descriptor, memoryview(data), at)
    except OSError:
        _cut(descriptor, at)
        raise


def append_durably(descriptor: int, data: bytes, *, at: int, path: Path) -> None:
    """The same, on the disk when this returns: with the first of it the file's name in its folder, too, whoever made the file."""
    append_whole(descriptor, data, at=at)
    try:
        os.fsync(descriptor)
        if at == 0:
            sync_folder(path.resolve().parent)
    except OSError:
        _cut(descriptor, at)
        raise


def _write(descriptor: int, data: memoryview, at: int) -> None:
    while data:
        count = os.pwrite(descriptor, data, at)
        if count == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        at, data = at + count, data[count:]


def _cut(descriptor: int, end: int) -> None:
    with suppress(OSError):  # what is told is why it could not be written
        os.ftruncate(descriptor, end)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
