"""The present, as the state of a destination keeps it."""

from datetime import UTC, datetime


def now_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
