"""Which suites there are, in the order in which they run."""

import importlib
from collections.abc import Callable

from bench.model import Outcome, Size

SUITES = {
    "read": "Reading pages",
    "export": "Exporting a feed",
    "ingest": "Delivering",
    "sync": "Syncing a whole feed",
    "webhooks": "Pushing events",
    "soak": "Everything at once, for long",
    "partitions": "Tables split by search",
    "capacity": "Millions of companies",
}
"""The module `bench.NAME` of each suite, and its heading in the report."""


def load(name: str) -> Callable[[Size], Outcome]:
    """A suite's `run`; the module is imported only where it is measured."""
    run: Callable[[Size], Outcome] = importlib.import_module(f"bench.{name}").run
    return run
