"""The data folder: telling ours from a stranger's, making the home of its PostgreSQL, and finding it again.

The home is `postgresql` in the data folder. Where PostgreSQL's account cannot reach that (root's commands alone have another
account for it), the home lies in the state folder and `postgresql` is a link to it.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from openprospect.server.core.appending import sync_folder
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded.account import account_of, server_account
from openprospect.server.db.embedded.cluster import create_cluster
from openprospect.server.db.embedded.home import Home
from openprospect.server.db.embedded.installation import Installation, reachable

KEY_FILE = "secret.key"

_HOME = "postgresql"
_LOCK = "postgresql.lock"
_UNFINISHED = "postgresql.new-"
_BESIDE_US = {"lost+found", _LOCK, KEY_FILE}  # lost+found: the root of a volume


@contextlib.contextmanager
def start_lock(data_dir: Path) -> Iterator[None]:
    """One command at a time makes a home or starts a supervisor. The kernel releases the lock, however its holder ends."""
    lock = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            os.fchown(lock, data_dir.stat().st_uid, -1)  # the folder's owner must be able to take it too
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def open_data_folder(data_dir: Path, *, may_create: bool) -> None:
    """Create the data folder where there is none, if that is wanted, and refuse one that holds other things than ours."""
    if not may_create and not data_dir.exists():
        refuse_to_begin(data_dir)
    as_root = os.geteuid() == 0
    try:
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o711 if as_root else 0o700)  # PostgreSQL's account passes through root's folder and lists nothing
    except FileExistsError:
        _refuse_a_strangers_folder(data_dir)


def refuse_to_begin(data_dir: Path) -> NoReturn:
    """An empty database would answer that there is nothing, where the wrong place was asked."""
    raise Misconfigured(
        f"There is no database in a data folder {data_dir}. Name the folder in OPENPROSPECT_DATA_DIR, or your own database in "
        "OPENPROSPECT_DATABASE_URL. `openprospect serve` begins a new one."
    )


def _refuse_a_strangers_folder(data_dir: Path) -> None:
    if os.path.lexists(data_dir / _HOME):
        return
    names = {entry.name for entry in data_dir.iterdir()} - _BESIDE_US
    strange = sorted(name for name in names if not name.startswith(_UNFINISHED))
    if strange:
        raise Misconfigured(
            f"The data folder {data_dir} is not empty and was not made by OpenProspect: it holds {', '.join(strange[:3])}"
            f"{' and more' if len(strange) > 3 else ''}. Name an empty or a new folder in OPENPROSPECT_DATA_DIR."
        )


def find_home(data_dir: Path) -> Home | None:
    """The home of this data folder, checked to be one that we may use; nothing where it has none yet."""
    entry = data_dir / _HOME
    if not os.path.lexists(entry):
        return None
    if not entry.exists():
        raise Misconfigured(
            f"{entry} points to {entry.readlink()}, where the database was and is no more. Bring that folder back from a backup, "
            f"or remove {entry} to begin with an empty database."
        )
    home = Home.at(entry.resolve())
    if os.geteuid() not in {0, home.owner.uid}:
        raise Misconfigured(
            f"The database in {home.path} belongs to the user `{home.owner.name}`. Run this command as that user, or as root."
        )
    if not (home.cluster / "PG_VERSION").is_file():
        raise Misconfigured(f"{home.path} is not a database that OpenProspect made. Name another folder in OPENPROSPECT_DATA_DIR.")
    return home


def check_version(home: Home, installation: Installation) -> None:
    """Refuse a cluster of another major version, which the server could not read."""
    made_by = (home.cluster / "PG_VERSION").read_text().strip()
    if made_by != str(installation.major):
        raise Misconfigured(
            f"The database in {home.path} was made by PostgreSQL {made_by}; PostgreSQL {installation.major} of {installation.folder} "
            "cannot read it. To move it over: run `openprospect backup` with the version of OpenProspect that made it (or dump it with "
            f"`pg_dump` of PostgreSQL {made_by}), move {home.path.name} out of the data folder, then run `openprospect restore`."
        )


def make_home(data_dir: Path, installation: Installation, *, state_folder: Path) -> Home:
    """A home with an empty database. It takes its name once it is complete, so what a kill leaves behind is never taken for one."""
    for leftover in data_dir.glob(f"{_UNFINISHED}*"):
        _remove(leftover, state_folder)
    owner = account_of(os.geteuid())
    server = server_account(owner)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=data_dir))
    try:
        if not server.can_reach(data_dir):
            unfinished = _elsewhere(unfinished, data_dir.name, state_folder)
        place = unfinished.resolve()
        place.chmod(0o700 if server == owner else 0o711)
        create_cluster(place / "cluster", reachable(installation, server, state_folder=state_folder), server)
        sync_folder(place)
        unfinished.rename(data_dir / _HOME)
        sync_folder(data_dir)
    except BaseException:
        _remove(unfinished, state_folder)
        raise
    return Home.at((data_dir / _HOME).resolve())


def _elsewhere(unfinished: Path, name: str, state_folder: Path) -> Path:
    """Put a link in place of the empty folder `unfinished`, to a new folder that PostgreSQL's account reaches."""
    state_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:32]
    target = Path(tempfile.mkdtemp(prefix=f"{readable}-", dir=state_folder))
    unfinished.rmdir()
    unfinished.symlink_to(target)
    return unfinished


def _remove(unfinished: Path, state_folder: Path) -> None:
    if unfinished.is_symlink():
        target = unfinished.resolve()
        if target.parent == state_folder.resolve():  # a link to anywhere else was planted for us to follow
            shutil.rmtree(target, ignore_errors=True)
        unfinished.unlink()
    else:
        shutil.rmtree(unfinished, ignore_errors=True)
