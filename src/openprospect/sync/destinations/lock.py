"""One run at a time on a destination made of files: a lock that the operating system lets go of when its holder dies."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from openprospect.sync.errors import Busy, DestinationRefused, TryLater
from openprospect.sync.stamps import now_text

if sys.platform == "win32":
    import msvcrt

    def _seize(file: IO[str]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _seize(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Beyond the text, which others must be able to read where locks keep readers out.
_LOCKED_BYTE = 4096


class FileLock:
    """Held from construction to `release`. The file stays: removing it would let two runs hold two files of one name."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise DestinationRefused(f"{path.parent} cannot be written to: {error}.") from error
        try:
            _seize(self._file)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "another run"
            self._file.close()
            raise Busy(f"The destination is being synced by {holder} ({path}).") from error
        try:
            self._file.truncate(0)
            self._file.write(f"process {os.getpid()} on {socket.gethostname()}, running since {now_text()}\n")
            self._file.flush()
        except OSError as error:
            with suppress(OSError):  # Closing writes once more what could not be written.
                self._file.close()
            raise TryLater(f"{path}: {error}.") from error

    def release(self) -> None:
        self._file.close()
