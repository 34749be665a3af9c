"""Graceful shutdown: report not ready for a while after SIGTERM, so that load balancers stop sending requests, then stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Departure:
    """Whether this process is about to stop."""

    is_announced = False


@contextmanager
def announce_before_stopping(seconds: float) -> Iterator[Departure]:
    """While the block runs, SIGTERM takes effect so many seconds after it came; a second one, or any other signal, at once.

    To be entered in the event loop, once the server has taken its signals.
    """
    departure = Departure()
    if not seconds:
        yield departure
        return
    loop = asyncio.get_running_loop()
    stop = signal.getsignal(signal.SIGTERM)
    assert callable(stop)

    def announce(number: int, frame: FrameType | None) -> None:
        delay = 0 if departure.is_announced else seconds
        departure.is_announced = True
        loop.call_soon_threadsafe(loop.call_later, delay, stop, number, frame)

    signal.signal(signal.SIGTERM, announce)
    try:
        yield departure
    finally:
        signal.signal(signal.SIGTERM, stop)
