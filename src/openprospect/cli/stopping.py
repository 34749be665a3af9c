"""Commands that something has to be put in order for when a signal ends them. The service's own end is in `serving.py`."""

import asyncio
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Stopping:
    """What a signal does: it cancels what the event loop does, or exits at once where none runs, or nothing but reading goes on in it."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._is_reading = False

    def stop(self, number: int, _: FrameType | None) -> None:
        self.number = number
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            sys.exit(128 + number)
        if self._is_reading:
            sys.exit(128 + number)
        # An exception from here would leave the loop in the middle of whatever it does.
        loop.call_soon_threadsafe(_cancel_all, loop)

    def while_reading(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, each of which may be waited for without the event loop, as those from a pipe are."""
        iterator = iter(items)
        while True:
            self._is_reading = True
            try:
                item = next(iterator, None)
            finally:
                self._is_reading = False
            if item is None:
                return
            yield item


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


@contextmanager
def stopped_in_order() -> Iterator[Stopping]:
    """Ctrl-C, SIGTERM and SIGHUP end the block by SystemExit: what it opened is closed, and nothing is left half done."""
    stopping = Stopping()
    # What is ignored stays so: nohup asks for that.
    heard = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    before = [(number, signal.signal(number, stopping.stop)) for number in heard]
    try:
        yield stopping
    except asyncio.CancelledError:
        if stopping.number is None:
            raise
        sys.exit(128 + stopping.number)
    finally:
        for number, handler in before:
            signal.signal(number, handler)
