"""The options of a read, checked. Those that are not given come from the driver's environment, where there is a variable for them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from openprospect.sync.access import canonical_id
from openprospect.sync.errors import FixNeeded
from openprospect.sync.parts import Parts
from openprospect.sync.stamps import canonical

_NAMES = {"base_url", "api_key", "prospect_search_ids", "delivered_since", "people", "partition_companies"}
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to read, and from where. It travels to Spark's workers, key included."""

    base_url: str
    api_key: str = field(repr=False)
    search_ids: tuple[str, ...]
    delivered_since: str | None
    has_people: bool
    partition_companies: int

    def connect(self) -> Parts:
        return Parts(self.base_url, self.api_key)


def options_of(given: Mapping[str, str]) -> Options:
    """Raises FixNeeded for an option that does not exist, lacks, or cannot be."""
    values = {name.lower(): value for name, value in given.items()}
    if strangers := sorted(values.keys() - _NAMES):
        raise FixNeeded(f"There is no option {', '.join(strangers)}; there are {', '.join(sorted(_NAMES))}.")
    search_ids = tuple(
        dict.fromkeys(canonical_id(part.strip()) for part in values.get("prospect_search_ids", "").split(",") if part.strip())
    )
    if not search_ids:
        raise FixNeeded("Name the searches to read: the option prospect_search_ids, with commas between them.")
    return Options(
        base_url=values.get("base_url") or os.environ.get("OPENPROSPECT_BASE_URL") or "http://127.0.0.1:8400",
        api_key=values.get("api_key") or os.environ.get("OPENPROSPECT_API_KEY") or "",
        search_ids=search_ids,
        delivered_since=_moment("delivered_since", values["delivered_since"]) if values.get("delivered_since") else None,
        has_people=_truth("people", values.get("people", "true")),
        partition_companies=_count("partition_companies", values.get("partition_companies", "50000")),
    )


def _moment(name: str, text: str) -> str:
    """As the feed writes it, so that text order is time order."""
    try:
        has_zone = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        has_zone = False
    if not has_zone:
        raise FixNeeded(f"The option {name} must be a time with its zone, such as 2026-02-25T12:00:00Z.")
    return canonical(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise FixNeeded(f"The option {name} must be true or false.")
    return _TRUTHS[text.lower()]


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise FixNeeded(f"The option {name} must be a whole number from 1.")
    return int(text)
