"""A whole database into a file and back, by PostgreSQL's own programs."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from openprospect.server.core.errors import InvalidInput, Misconfigured, Unavailable
from openprospect.server.db.embedded.installation import environment, find_installation

_FORMAT = ("--format=custom", "--no-owner", "--no-privileges")


def dump(dsn: str, path: Path, *, without_rows_of: str) -> int:
    """Write the database as it is at this moment, for this account's eyes only; answers the bytes written.

    The file appears whole or not at all. Raises Misconfigured where it cannot be written or there is one already.
    """
    if path.exists():
        raise Misconfigured(f"{path} exists already; name another file, or move it away.")
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, "xb", opener=_private) as file:
            _run("pg_dump", dsn, *_FORMAT, f"--exclude-table-data={without_rows_of}", stdout=file.fileno())
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path.stat().st_size


def load(dsn: str, path: Path) -> None:
    """Fill an empty database from a dump, in one transaction. Raises InvalidInput where the file is none."""
    try:
        with path.open("rb") as file:
            is_dump = file.read(5) == b"PGDMP"
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from error
    if not is_dump:
        raise InvalidInput(f"{path} is no backup: `openprospect backup` writes them.")
    _run("pg_restore", dsn, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(path.absolute()))


def _run(program: str, dsn: str, *arguments: str, stdout: int | None = None) -> None:
    url, password = _without_password(dsn)
    # By environment: an argument would show the password to everybody who lists processes.
    secret = {"PGPASSWORD": password} if password else {}
    done = subprocess.run(
        [find_installation().program(program), f"--dbname={url}", *arguments],
        env=environment() | secret,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"it ended with {done.returncode}"
        raise Unavailable(f"{program} failed, and nothing was kept of what it had done: {reason}")


def _without_password(dsn: str) -> tuple[str, str | None]:
    parts = urlsplit(dsn)
    user_info, at, host = parts.netloc.rpartition("@")
    user, _, password = user_info.partition(":")
    options = parse_qsl(parts.query, keep_blank_values=True)
    others = urlencode([option for option in options if option[0] != "password"], quote_via=quote)
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", query=others)), dict(options).get("password") or unquote(password) or None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
