"""What a destination is: a place that takes batches and remembers, in the same transaction, how far it got."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from openprospect.sync.batch import Batch, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a destination got with a search.

    `delivered_until` is text exactly as served. `full_run`: a full run has begun and not ended; it had got to `full_until`.
    """

    source: Source
    delivered_until: str | None = None
    full_run: bool = False
    full_until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a batch changed: rows written, and companies that are no longer there.

    `outcomes`: where another program keeps the records, how often it did what with them.
    """

    companies: int
    prospects: int
    removed: int
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A company (`id` is `company_id`) or person that the destination refused, with the reason in its own words."""

    kind: str
    company_id: str
    id: str
    reason: str
    tried_at: str | None

    def document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a destination holds of one search, and what it refused; None where it never refuses single rows."""

    search_id: str
    server: str
    companies: int
    prospects: int
    delivered_until: str | None
    synced_at: str | None
    rejected: list[Refusal] | None = None

    def document(self) -> dict[str, Any]:
        document = {name: getattr(self, name) for name in self.__slots__ if name != "rejected"}
        return document if self.rejected is None else {**document, "rejected": [refusal.document() for refusal in self.rejected]}


class Destination(Protocol):
    """An open destination, locked against other runs until closed.

    Every method is one transaction: a kill at any moment leaves what the last finished one left.
    """

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        """Up to where everything is stored and everything gone is gone; None for a search of which nothing is stored."""

    def begin_full(self, search_id: str, source: Source) -> None:
        """Forget what an earlier full run had seen, and remember that one is under way, before it writes anything."""

    def apply(self, batch: Batch) -> Applied:
        """Write a batch and its checkpoint. Raises only where they are not written."""

    def finish(self, search_id: str) -> None:
        """At the end of a walk: raises where what is written, and stays, must not be confirmed yet."""

    def close(self) -> None:
        """Let go of the destination."""
