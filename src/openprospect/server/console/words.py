"""Moments, numbers and scopes in words: the filters of the templates. Everything is UTC, and says so."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from openprospect.server.access.model import Scope, Tier
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.webhooks.url import masked

SCOPES: Mapping[Scope, str] = {
    Scope.COMPANIES_READ: "Read delivered companies",
    Scope.PROSPECTS_READ: "Read the people at them",
    Scope.SEARCHES_READ: "List prospect searches",
    Scope.SEARCHES_WRITE: "Open prospect searches",
    Scope.DELIVERIES_WRITE: "Deliver and withdraw companies",
    Scope.DISCLOSURES_READ: "See what is kept of a person, and who was given it",
    Scope.ERASURES_WRITE: "Erase people",
    Scope.CONSOLE: "Use this console: everything here, making keys included",
    Scope.WEBHOOKS_READ: "See webhook endpoints",
    Scope.WEBHOOKS_WRITE: "Make and change webhook endpoints",
}

TIERS: Mapping[str, str] = {
    "": "as keys without a tier",
    Tier.FREE: "free",
    Tier.PRO: "pro",
    Tier.ENTERPRISE: "enterprise",
    Tier.CUSTOM: "custom: a number of its own",
}

_SPANS = ((timedelta(days=2), "day"), (timedelta(hours=2), "hour"), (timedelta(minutes=2), "minute"))
_UNITS = {"day": 86_400, "hour": 3_600, "minute": 60}


def number(value: int) -> str:
    return f"{value:,}"


def counted(value: int, singular: str, plural: str | None = None) -> str:
    """`1 company`, `1,204 companies`."""
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def moment(value: datetime) -> str:
    """`2026-02-25 12:00:01 UTC`."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span(value: timedelta) -> str:
    """A length of time in its biggest unit: `3 hours`."""
    for least, unit in _SPANS:
        if value >= least:
            return counted(int(value.total_seconds()) // _UNITS[unit], unit)
    return counted(max(int(value.total_seconds()), 0), "second")


def ago(value: datetime | None) -> str:
    """`3 hours ago`, `in 2 days`."""
    if value is None:
        return "never"
    passed = datetime.now(UTC) - value
    if passed < -timedelta(seconds=1):
        return f"in {span(-passed)}"
    return f"{span(passed)} ago" if passed >= timedelta(seconds=5) else "just now"


def size(value: float) -> str:
    """`1.2 GB`."""
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def consumer_name(consumer: str) -> str:
    """Where only the name is known that receipts are kept under."""
    return consumer.replace("webhook:", "webhook ", 1)


def scope(value: str) -> str:
    """What a scope lets its key do."""
    return SCOPES[Scope(value)] if value in set(Scope) else value


FILTERS: Mapping[str, Callable[..., Any]] = {
    "number": number,
    "counted": counted,
    "moment": moment,
    "stamp": format_timestamp,
    "span": span,
    "ago": ago,
    "size": size,
    "scope": scope,
    "consumer_name": consumer_name,
    "masked": masked,
}
