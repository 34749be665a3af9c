"""Timestamps as the wire writes and reads them: UTC, microseconds, six digits, never rounded."""

import re
from datetime import UTC, datetime, timedelta
from typing import overload

from openprospect.server.core.errors import InvalidInput

_SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt ](?P<time>\d{2}:\d{2}(:\d{2}(?P<fraction>[.,]\d+)?)?)(?P<zone>[Zz]|[+ -]\d{2}:?(\d{2})?)?", re.ASCII
)

# The two ends of the calendar are what PostgreSQL's driver sends as infinity, which is no moment: one step off them, all stay apart.
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(microseconds=1)


@overload
def format_timestamp(moment: datetime) -> str: ...
@overload
def format_timestamp(moment: datetime | None) -> str | None: ...
def format_timestamp(moment: datetime | None) -> str | None:
    """`2026-02-25T12:00:00.000001Z`: text order is time order. No moment, no text."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_timestamp(text: str) -> datetime:
    """An ISO 8601 date and time with a zone. More than six fractional digits are cut; the calendar's first and last moment are read as
    their neighbours. Raises ValueError that says what is wrong."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError("is not an ISO 8601 date and time such as 2026-02-25T12:00:00Z")
    zone = match["zone"]
    if zone is None:
        raise ValueError("has no time zone; add Z for UTC, as in 2026-02-25T12:00:00Z")
    # A plus sign that was not escaped in a query string arrives as a blank.
    zone = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
    fraction = (match["fraction"] or "")[1:7]
    seconds = match["time"].split(".")[0].split(",")[0]
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{seconds}{'.' + fraction.ljust(6, '0') if fraction else ''}{zone}")
        return min(max(moment.astimezone(UTC), _FIRST), _LAST)
    except (ValueError, OverflowError):
        raise ValueError("is not a moment that exists") from None


def given_timestamp(text: str, name: str, **where: str) -> datetime:
    """What somebody gave under this name. Raises InvalidInput with the members that say where."""
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise InvalidInput(f"{name} {error}.", **where) from None
