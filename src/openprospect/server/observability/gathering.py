"""One set of metrics from several processes: each worker writes its counts into files of a folder that all of them know.

The library looks for that folder when it is imported, so it is named before the workers start.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from openprospect.server.observability.requests import RequestMetrics
from openprospect.server.observability.scrape import Scrape

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_counts(workers: int) -> Iterator[None]:
    """Let the workers that are started within the block count together."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="openprospect-metrics-") as folder:
        os.environ[_FOLDER] = folder
        yield


def registry_with(requests: RequestMetrics, scraped: Scrape) -> CollectorRegistry:
    """What every worker has counted, and what was just read."""
    gathered = CollectorRegistry()
    if _FOLDER in os.environ:
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
    else:
        gathered.register(requests)
    gathered.register(scraped)
    return gathered
