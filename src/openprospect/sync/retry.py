"""When to ask again, and how long to wait first. It knows no HTTP but the meaning of `Retry-After`."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from openprospect.sync.errors import Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patient one request is, all its attempts together.

    `failing_seconds` bounds the time given to a server that fails or cannot be reached, `asked_seconds` the pauses
    that a server asked for: it is alive, and says when to come back.
    """

    failing_seconds: float = 30.0
    asked_seconds: float = 300.0
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 10.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def pause_seconds(self, *, attempt: int, elapsed: float, asked: float | None) -> float | None:
        """Seconds until the next attempt; None when patience is at its end.

        What a server asks for is never undercut: jitter comes on top, so that clients do not return all at once.
        """
        if asked is not None:
            pause, patience = asked + self.jitter() * max(1.0, asked * 0.1), self.asked_seconds
        else:
            backoff = min(self.longest_pause_seconds, self.first_pause_seconds * 2**attempt)
            pause, patience = backoff * (1 + self.jitter()), self.failing_seconds
        return pause if elapsed + pause <= patience else None


def until(stop: threading.Event) -> Callable[[float], None]:
    """A `sleep` for `Retry` that raises `Stopped` once `stop` is set."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped("Asked to stop.")

    return sleep


def asked_pause_seconds(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` asks for, given as seconds or as a date; None where it is absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value).timestamp()
        # The server's own clock is the one its date was made with.
        now = parsedate_to_datetime(headers["Date"]).timestamp() if "Date" in headers else time.time()
    except (ValueError, TypeError):
        return None
    return max(0.0, moment - now)
