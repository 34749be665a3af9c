"""Where dlt works on its way into one warehouse: a folder of that warehouse alone, for one run at a time, empty whenever one begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from dlt.common.pipeline import get_dlt_pipelines_dir

from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.destinations.dlt.loader import Loader
from openprospect.sync.destinations.lock import FileLock
from openprospect.sync.errors import Busy, DestinationRefused


@contextmanager
def working_folder(address: Address) -> Iterator[Path]:
    """Its owner's alone, since people are in it. What runs that were killed have left, here or beside it, is removed, never loaded."""
    with passing_folder() as passing:
        digest = sha256(Loader(address, passing).place.encode()).hexdigest()[:16]
    name = Path(get_dlt_pipelines_dir()) / f"openprospect-{digest}"
    _sweep(name.parent)
    with _held(name):
        _remove(name)
        name.mkdir(mode=0o700)
        try:
            yield name
        finally:
            shutil.rmtree(name, ignore_errors=True)


@contextmanager
def passing_folder() -> Iterator[Path]:
    """For looking at a warehouse, which leaves nobody on this machine."""
    with TemporaryDirectory(prefix="openprospect-dlt-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _sweep(pipelines: Path) -> None:
    """A warehouse whose settings have changed has another folder from then on: nobody else would come for the former one."""
    for folder in pipelines.glob("openprospect-*"):
        if folder.is_dir() and folder.with_suffix(".lock").exists():
            with suppress(Busy), _held(folder):
                _remove(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        yield
    finally:
        lock.release()


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise DestinationRefused(f"{folder} cannot be removed, which an earlier run has left behind: {error}.") from error
