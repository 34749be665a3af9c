"""Timestamps as text. That of a feed as served stays the cursor; the form here is for order, and for columns."""

from datetime import UTC, datetime

from openprospect.sync.errors import AnswerUnclear

_CANONICAL_LENGTH = len("2026-02-25T12:00:00.000001Z")


def canonical(stamp: str) -> str:
    """UTC, six digits, `Z`, so that text order is time order. Without a zone it is taken as UTC."""
    if len(stamp) == _CANONICAL_LENGTH and stamp[-1] == "Z" and stamp[10] == "T":
        return stamp
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise AnswerUnclear(f"The server sent {stamp!r} where a timestamp is documented.") from error
    return format_timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def format_timestamp(moment: datetime) -> str:
    """A moment in that form."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now_text() -> str:
    """The present, as the state of a destination keeps it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
