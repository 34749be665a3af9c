"""Commands that something has to be put in order for when a signal ends them. The service's own end is in `serving.py`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Whoever ends us by SIGTERM or SIGHUP ends the block as an error does: what it opened is closed, and nothing is left half done."""

    def stop(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    # What is ignored stays so: nohup asks for that.
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    before = [(number, signal.signal(number, stop)) for number in heard]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
