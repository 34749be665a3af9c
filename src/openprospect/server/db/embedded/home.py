"""Where one embedded PostgreSQL lives: its folder, its files, its sockets, and the address that clients use."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded.account import Account, account_of
from openprospect.server.db.supervisor.kernel import is_private_folder
from openprospect.server.db.supervisor.plan import control_socket_in, sockets_in

DATABASE = "openprospect"
ROLE = "openprospect"
PORT = 5432

_LONGEST_SOCKET_PATH = 103  # bytes, on macOS; 107 on Linux


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An existing home. `path` is absolute and free of links, so every command derives the same address from it."""

    path: Path
    owner: Account
    """The account of the supervisor: root's own, or that of the ordinary user who made the home."""

    @classmethod
    def at(cls, path: Path) -> "Home":
        return cls(path=path, owner=account_of(path.stat().st_uid))

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def log(self) -> Path:
        return self.path / "postgresql.log"

    @property
    def address(self) -> Path:
        """The folder of the sockets: the home, or where its path cannot be one of a socket, a private folder in /tmp."""
        # A comma in an address separates hosts, and nothing escapes it.
        if len(os.fsencode(_server_socket(self.path))) <= _LONGEST_SOCKET_PATH and "," not in str(self.path):
            return self.path
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        # Not tempfile.gettempdir(): two commands with different TMPDIR must find each other.
        return Path("/tmp") / f"openprospect-{self.owner.uid}-{name}"  # noqa: S108

    @property
    def control_socket(self) -> Path:
        return control_socket_in(self.address)

    @property
    def dsn(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets_in(self.address)), safe='')}&port={PORT}"

    def check_address(self) -> None:
        """Refuse a folder of sockets that somebody else made in /tmp: behind them there would be a server of theirs."""
        if os.path.lexists(self.address) and not is_private_folder(self.address, owner=self.owner.uid):
            raise Misconfigured(
                f"{self.address}, the folder for the sockets of {self.path}, is not a private folder of the user `{self.owner.name}`. "
                "Remove it, or choose a data folder with a shorter path, which needs no folder in /tmp."
            )


def _server_socket(address: Path) -> Path:
    return sockets_in(address) / f".s.PGSQL.{PORT}"
