"""Where dlt works on its way into one warehouse: a folder of that warehouse alone, for one run at a time, empty whenever one begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from dlt.common.pipeline import get_dlt_pipelines_dir

from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.destinations.dlt.loader import Loader
from openprospect.sync.destinations.lock import FileLock
from openprospect.sync.errors import DestinationRefused


@contextmanager
def working_folder(address: Address) -> Iterator[Path]:
    """Its owner's alone, since people are in it. What a run that was killed has left there is removed, never loaded."""
    with passing_folder() as passing:
        digest = sha256(Loader(address, passing).place.encode()).hexdigest()[:16]
    name = Path(get_dlt_pipelines_dir()) / f"openprospect-{digest}"
    lock = FileLock(name.with_suffix(".lock"))
    try:
        _empty(name)
        yield name
    finally:
        shutil.rmtree(name, ignore_errors=True)
        lock.release()


@contextmanager
def passing_folder() -> Iterator[Path]:
    """For looking at a warehouse, which leaves nobody on this machine."""
    with TemporaryDirectory(prefix="openprospect-dlt-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _empty(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise DestinationRefused(f"{folder} cannot be emptied, which an earlier run has left behind: {error}.") from error
