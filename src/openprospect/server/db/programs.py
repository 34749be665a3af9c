"""PostgreSQL's client programs, let at a database as the driver is: by the same URL and variables. No password shows in `ps`."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.clients import Server, find_client
from openprospect.server.db.embedded.installation import environment

_READ_BY_THE_DRIVER_TOO = (
    *("HOME", "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGTARGETSESSIONATTRS"),
    *("PGSSLMODE", "PGSSLNEGOTIATION", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCERT", "PGSSLKEY"),
    *("PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION", "PGKRBSRVNAME", "PGGSSLIB"),
)
_VERIFYING = ("verify-ca", "verify-full")


class Program:
    """One that runs, and what it says."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._process = process
        self._said = said

    @property
    def script(self) -> IO[bytes]:
        """Its standard input or output, whichever is a pipe."""
        stream = self._process.stdin or self._process.stdout
        assert stream is not None
        return stream

    def failure(self) -> str | None:
        """Waits for its end; why it failed, where it did."""
        code = self._process.wait()
        if code == 0:
            return None
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[0] if lines else f"it ended with {code}"


@contextmanager
def running(name: str, *arguments: str, server: Server | None = None, **streams: Any) -> Iterator[Program]:
    """Run a program, at a database where one is given; it is ended with the block, however that ends."""
    secret: dict[str, str] = {}
    if server is not None:
        url, password = _without_password(server)
        arguments = (f"--dbname={url}", "--no-password", *arguments)
        # By environment: an argument would show the password to everybody who lists processes.
        secret = {"PGPASSWORD": password} if password else {}
    shared = {variable: os.environ[variable] for variable in _READ_BY_THE_DRIVER_TOO if variable in os.environ}
    with (
        tempfile.TemporaryFile() as said,
        _started(find_client(name, server), *arguments, env=environment() | shared | secret, stderr=said, **streams) as process,
    ):
        try:
            yield Program(process, said)
        finally:
            if process.poll() is None:
                process.kill()


def _started(program: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen([program, *arguments], **{"stdin": subprocess.DEVNULL, **options})
    except OSError as error:
        raise Misconfigured(f"PostgreSQL's program {program} cannot be run: {error.strerror}.") from error


def _without_password(server: Server) -> tuple[str, str | None]:
    """The URL to show to a program, which goes no less safe a way than the driver did; and the password."""
    parts = urlsplit(server.dsn)
    user_info, at, host = parts.netloc.rpartition("@")
    user, _, password = user_info.partition(":")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = options.pop("password", "") or unquote(password)
    if server.is_encrypted and options.get("sslmode", os.environ.get("PGSSLMODE")) not in _VERIFYING:
        options["sslmode"] = "require"
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}", query=urlencode(options, quote_via=quote))), password or None
