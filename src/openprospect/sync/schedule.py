"""`openprospect sync`: one run, or one every so often until told to stop, and the exit code."""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType

from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import Watch, distinct, run
from openprospect.sync.errors import FixNeeded, Stopped, SyncError
from openprospect.sync.retry import Retry, until
from openprospect.sync.summary import Summary

log = logging.getLogger("openprospect.sync")


def sync(
    search_ids: Sequence[str],
    to: str,
    client: Client,
    *,
    every_seconds: float | None = None,
    full: bool = False,
    emit: Callable[[Summary], None],
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Sync once, or every `every_seconds` until `stop` is set; the exit code.

    0: done (or stopped, where it runs for ever); 1: a later run can mend it; 2: a person has to. `emit` gets each
    search's summary as it ends. With `every_seconds` failures are logged, and each search is read whole once: one that failed before it
    began is still due. Pauses of the client end with `stop` where its `Retry` sleeps `until(stop)`, as those of the destination do.
    """
    stop = stop or threading.Event()
    due = set(distinct(search_ids)) if full else set()
    if every_seconds is None:
        return _once(search_ids, to, client, full=due, emit=emit, watch=watch, stop=stop)

    def begun(summary: Summary) -> None:
        if summary.has_begun:
            due.discard(summary.search_id)
        emit(summary)

    has_opened = False
    while not stop.is_set():
        started = time.monotonic()
        try:
            _pass(search_ids, to, client, full=due, emit=begun, watch=watch, stop=stop)
            has_opened = True
        except Stopped:
            break
        except SyncError as error:
            log.error("%s", error)
            if isinstance(error, FixNeeded) and not has_opened:
                return error.exit_code
        # Jitter, so that many consumers with one timetable do not arrive together.
        stop.wait(max(0.0, started + every_seconds * random.uniform(1.0, 1.1) - time.monotonic()))  # noqa: S311 - no secret
    return 0


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: a transaction under way ends first. A second signal ends the process at once."""
    stop = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = [(number, signal.signal(number, handle)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _once(
    search_ids: Sequence[str],
    to: str,
    client: Client,
    *,
    full: Container[str],
    emit: Callable[[Summary], None],
    watch: Watch | None,
    stop: threading.Event,
) -> int:
    try:
        return _pass(search_ids, to, client, full=full, emit=emit, watch=watch, stop=stop)
    except SyncError as error:
        log.error("%s", error)
        return error.exit_code


def _pass(
    search_ids: Sequence[str],
    to: str,
    client: Client,
    *,
    full: Container[str],
    emit: Callable[[Summary], None],
    watch: Watch | None,
    stop: threading.Event,
) -> int:
    """One run, with the destination open no longer than it takes: others read it in between."""
    exit_code = 0
    with closing(open_destination(to, retry=Retry(sleep=until(stop)))) as destination:
        for summary in run(search_ids, destination, client, full=full, stop=stop, watch=watch):
            emit(summary)
            exit_code = max(exit_code, summary.exit_code)
    return exit_code
