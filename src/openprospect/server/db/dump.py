"""A whole database into a file and back, by PostgreSQL's own programs."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from openprospect.server.core.appending import sync_folder
from openprospect.server.core.errors import InvalidInput, Misconfigured, Unavailable
from openprospect.server.db.clients import Server
from openprospect.server.db.programs import Program, running

_FORMAT = ("--format=custom", "--no-owner", "--no-privileges")
_TO_SCRIPT = ("--file=-", "--no-owner", "--no-privileges")
_CONTENTS_BYTES = 1 << 20
_BY_SCRIPT = ("--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1")

# What another version would end at: a setting that pg_restore 17 and later turn off, and marks that newer minor releases put on columns.
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
_WHERE_IT_IS_KNOWN = b"SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout';\n"
_MARK = re.compile(rb"ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_\w+=\d+\);\n")


def dump(server: Server, path: Path, *, without_rows_of: str) -> int:
    """Write the database as it is at this moment, for this account's eyes only; answers the bytes written.

    The file appears whole or not at all. Raises Misconfigured where it cannot be written or there is one already.
    """
    _refuse_existing(path)
    with (
        _appearing(path) as file,
        running("pg_dump", *_FORMAT, f"--exclude-table-data={without_rows_of}", server=server, stdout=file) as program,
    ):
        _refuse_failed("pg_dump", program.failure())
    return path.stat().st_size


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name once the block has ended well; of several who write one of this name, the first to end has it."""
    with _told(path):
        descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            with _told(path):
                os.fsync(file.fileno())
        with _told(path):
            _give_name(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _give_name(partial: str, path: Path) -> None:
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:
        # Disks and shares that backups go to may have no links: there the name is taken by an empty file first, for an instant.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        Path(partial).replace(path)
    sync_folder(path.parent)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        _refuse_existing(path)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from error


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Misconfigured(f"{path} exists already; name another file, or move it away.")


def fingerprint(path: Path) -> str:
    """Which dump a file holds, by its size and its contents, which begin with when it was made. Raises InvalidInput where it is none."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_CONTENTS_BYTES)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from error
    if not beginning.startswith(b"PGDMP"):
        raise InvalidInput(f"{path} is no backup: `openprospect backup` writes them.")
    return hashlib.sha256(size.to_bytes(8) + beginning).hexdigest()


def load(server: Server, path: Path, *, then: str = "") -> None:
    """Fill an empty database of any version from a dump, and end with some statements, all in one transaction."""
    with (
        running("psql", *_BY_SCRIPT, server=server, stdin=subprocess.PIPE) as writer,
        running("pg_restore", *_TO_SCRIPT, str(path.absolute()), stdout=subprocess.PIPE) as reader,
    ):
        with suppress(BrokenPipeError):  # psql has ended, and says why
            _pass_on(path, reader, writer, then)
        _refuse_failed("psql", writer.failure())


def _pass_on(path: Path, reader: Program, writer: Program, then: str) -> None:
    # Without the last line nothing is kept, so an end on the way, be it our own, leaves the database empty.
    with writer.script as script:
        script.write(b"BEGIN;\n")
        _copy(reader.script, script)
        failure = reader.failure()
        if failure is not None:
            raise InvalidInput(f"{path} cannot be read to its end, so nothing was restored: {failure}")
        script.write(f"{then}COMMIT;\n".encode())


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:
        target.write(_for_any_version(line))
        if line.startswith(b"COPY "):  # from here on there are rows
            break
    shutil.copyfileobj(source, target, 1 << 20)


def _for_any_version(line: bytes) -> bytes:
    if line == _UNKNOWN_BEFORE_17:
        return _WHERE_IT_IS_KNOWN
    return b"" if _MARK.fullmatch(line) else line


def _refuse_failed(program: str, failure: str | None) -> None:
    if failure is not None:
        raise Unavailable(f"{program} failed, and nothing was kept of what it had done: {failure}")
