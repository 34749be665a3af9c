"""Prometheus metrics over several worker processes: each counts in files of one shared folder, and a scrape adds them up.

A worker that ends leaves its files to its successor, which counts on in them. A service that is killed leaves its folder, for the next that
starts here to clear away. The library looks for that folder when it is imported, so it is named before the workers start.
"""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

from openprospect.server.observability.requests import RequestMetrics
from openprospect.server.observability.scrape import Scrape

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "openprospect-metrics-"


@contextmanager
def shared_counts(workers: int) -> Iterator[None]:
    """Let the workers that are started within the block count together."""
    _clear_away()
    if workers == 1:
        yield
        return
    folder, descriptor = _begun()
    try:
        os.environ[_FOLDER] = str(folder)
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def take_place() -> None:
    """In a worker, before it counts anything: the first place that no living worker has. It is held as long as the process lives."""
    if folder := os.environ.get(_FOLDER):
        _held(Path(folder))
        place = next(place for place in itertools.count() if _takes(Path(folder) / f"place-{place}"))
        values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]


def registry_with(requests: RequestMetrics, scraped: Scrape) -> CollectorRegistry:
    """What every worker has counted, and what was just read."""
    gathered = CollectorRegistry()
    if _FOLDER in os.environ:
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
    else:
        gathered.register(requests)
    gathered.register(scraped)
    return gathered


def _begun() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with suppress(FileNotFoundError):
            descriptor = _held(folder)
            if folder.exists():
                return folder, descriptor
            os.close(descriptor)  # somebody took it for one that was left behind


def _held(folder: Path) -> int:
    """Nobody clears a folder away that somebody holds; many may."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _takes(place: Path) -> bool:
    """Whether nobody has had it, or has it any more."""
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True


def _clear_away() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is somebody else's, or in use
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
