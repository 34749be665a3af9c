"""When a message that failed is sent again, and when an endpoint is given up. Pure rules.

No message is ever given up by itself: those behind it would come after a gap. Tries grow apart to four hours and go on so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_DELAYS_SECONDS = (0.5, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)
_STEADY_SECONDS = 14_400.0
_JITTER = 0.2
_LONGEST_WISH = timedelta(hours=24)
_GIVEN_UP_AFTER = timedelta(days=5)
# A service that was away for days has asked nobody meanwhile.
_FEWEST_FAILURES = 12
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from a failure: another attempt after `delay`, or the end, for a reason that its owner reads."""

    delay: timedelta
    disabled_reason: str | None = None


def verdict(*, failures: int, failing_for: timedelta, status: int | None, retry_after: timedelta | None, chance: float) -> Verdict:
    """`failures` in a row, this one included, all within `failing_for`. `chance` is from 0 to 1, drawn anew each time."""
    delay = _delay(failures, retry_after, chance)
    if status == _GONE:
        return Verdict(delay=delay, disabled_reason="The endpoint answered 410 Gone.")
    if failing_for >= _GIVEN_UP_AFTER and failures >= _FEWEST_FAILURES:
        return Verdict(delay=delay, disabled_reason=f"Every attempt of the last {_GIVEN_UP_AFTER.days} days failed.")
    return Verdict(delay=delay)


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """How long an answer asks to wait, in seconds or as a date; None where it does not, or nobody can read it."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WISH)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date that names no zone is meant as UTC: HTTP knows no other.
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), _LONGEST_WISH)


def _delay(failures: int, wish: timedelta | None, chance: float) -> timedelta:
    """The schedule, a fifth up or down; what was asked for is a lower bound, and jitter only ever adds to it."""
    place = failures - 1
    seconds = _DELAYS_SECONDS[place] if place < len(_DELAYS_SECONDS) else _STEADY_SECONDS
    scheduled = timedelta(seconds=seconds * (1 + _JITTER * (2 * chance - 1)))
    return scheduled if wish is None else max(scheduled, wish * (1 + _JITTER * chance))
