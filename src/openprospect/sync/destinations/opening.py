"""From a URL to an open destination. A driver loads only when its scheme is asked for."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Protocol, cast

from openprospect.sync.destinations.base import Destination, Held
from openprospect.sync.errors import Busy, DestinationRefused, SyncError, Unforeseen
from openprospect.sync.retry import Retry

log = logging.getLogger("openprospect.sync")

_SCHEMES = {
    "dlt:": "openprospect.sync.destinations.dlt.destination",
    "duckdb://": "openprospect.sync.destinations.duckdb",
    "hubspot://": "openprospect.sync.destinations.crm.hubspot",
    "parquet://": "openprospect.sync.destinations.parquet.destination",
    "postgres://": "openprospect.sync.destinations.postgresql",
    "postgresql://": "openprospect.sync.destinations.postgresql",
    "salesforce://": "openprospect.sync.destinations.crm.salesforce",
    "sqlite://": "openprospect.sync.destinations.sqlite",
    "tryton://": "openprospect.sync.destinations.crm.tryton",
}
_EXTRAS = {"dlt:": "[dlt]", "postgres://": "[postgresql]", "postgresql://": "[postgresql]"}
_EXAMPLES = "duckdb:///feed.duckdb, postgresql://user@host/database, sqlite:///feed.db, parquet:///folder, hubspot:///log.db, dlt:snowflake"


class _Kind(Protocol):
    def open_destination(self, url: str, retry: Retry, /) -> Destination: ...

    def held_in(self, url: str) -> list[Held]: ...


def open_destination(url: str, *, retry: Retry | None = None) -> Destination:
    """Open for writing, locked against other runs; `retry` is how patient its requests are, where it makes any.

    Raises `Busy` with the holder, or another `SyncError`, whatever went wrong.
    """
    with _told(url):
        return _kind(url).open_destination(url, retry or Retry())


def held_in(url: str) -> list[Held]:
    """What a destination holds, search by search. Changes nothing, and does not wait for a run.

    Raises a `SyncError`, whatever went wrong.
    """
    with _told(url):
        return _kind(url).held_in(url)


def when_free(read: Callable[[], list[Held]], *, patience_seconds: float = 3.0, pause_seconds: float = 0.1) -> list[Held]:
    """What is read once no other process holds the destination. Raises `Busy` where that takes longer."""
    end = time.monotonic() + patience_seconds
    while True:
        try:
            return read()
        except Busy:
            if time.monotonic() > end:
                raise
            time.sleep(pause_seconds)


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except SyncError:
        raise
    except Exception as error:
        log.exception("A destination of %s does not open.", url.partition(":")[0])
        raise Unforeseen.of(error) from error


def _kind(url: str) -> _Kind:
    scheme = next((scheme for scheme in _SCHEMES if url.startswith(scheme)), None)
    if scheme is None:
        raise DestinationRefused(f"There is no destination {url.partition(':')[0]!r}. Known ones: {_EXAMPLES}.")
    try:
        return cast("_Kind", import_module(_SCHEMES[scheme]))
    except ModuleNotFoundError as error:
        raise DestinationRefused(
            f"{scheme} needs the package {error.name}: pip install 'openprospect{_EXTRAS.get(scheme, '')}'."
        ) from error
