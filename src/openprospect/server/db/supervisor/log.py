"""The server's log: one file of bounded size, which PostgreSQL and the supervisor append to."""

import os
from pathlib import Path

_LIMIT_BYTES = 4_000_000
_KEPT_BYTES = 1_000_000


def open_log(home: Path) -> int:
    return os.open(home / "postgresql.log", os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def trim(log: int) -> None:
    """Keep the end of a log that has grown too long. In place, for PostgreSQL has it open; appending goes on at the new end."""
    size = os.fstat(log).st_size
    if size > _LIMIT_BYTES:
        kept = os.pread(log, _KEPT_BYTES, size - _KEPT_BYTES)
        os.ftruncate(log, 0)
        os.write(log, kept[kept.find(b"\n") + 1 :])
