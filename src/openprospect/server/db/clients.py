"""Which copy of a PostgreSQL client program on this machine is right for a server. Running it is `programs.py`'s."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.connecting import alone
from openprospect.server.db.embedded.installation import OLDEST_MAJOR, environment, folders_with, major_of

_CANNOT_ENCRYPT = "SSL support is not compiled in"
_NOWHERE = f"postgresql:///?sslmode=require&host={quote('/dev/null', safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server as the driver found it at a URL: what a program that connects to it has to be able to do."""

    dsn: str = field(repr=False)
    major: int
    is_encrypted: bool


async def server_at(dsn: str) -> Server:
    """Connects once. Raises Unavailable or Misconfigured where that is not possible."""
    async with alone(dsn) as connection:
        return Server(dsn=dsn, major=connection.get_server_version().major, is_encrypted=connection.is_encrypted)


def find_client(name: str, server: Server | None = None) -> Path:
    """The first program of that name which is no older than the server, and can encrypt where the driver does."""
    needed = server.major if server else OLDEST_MAJOR
    has_to_encrypt = server is not None and server.is_encrypted
    for program in _programs(name, oldest_major=needed):
        if not has_to_encrypt or _can_encrypt(program):
            return program
    reason = ", and able to encrypt, as the connection to this database is" if has_to_encrypt else ""
    raise Misconfigured(
        f"This machine has no `{name}` of PostgreSQL {needed} or later{reason}. Install your system's PostgreSQL client programs, "
        f"such as Debian's `postgresql-client-{needed}`; they are looked for on PATH and in /usr/lib/postgresql."
    )


def _programs(name: str, *, oldest_major: int) -> Iterator[Path]:
    for folder in folders_with(name):
        program = folder / name
        with contextlib.suppress(OSError, subprocess.CalledProcessError):  # not there, or made for another machine
            if major_of(program) >= oldest_major:
                yield program


@cache
def _can_encrypt(program: Path) -> bool:
    """A library without TLS refuses to be told to require it, before it looks for the server."""
    command: list[Path | str] = [program, f"--dbname={_NOWHERE}", "--no-password"]
    tried = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, env=environment(), check=False)
    return _CANNOT_ENCRYPT not in tried.stderr
