"""What a run reports of one search: the line for people, the document for programs."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from openprospect.sync.destinations.base import Applied
from openprospect.sync.errors import SyncError


@dataclass(slots=True, kw_only=True)
class Summary:
    """Counts what was committed, also where `error` ended the run early."""

    search_id: str
    companies: int = 0
    prospects: int = 0
    removed: int = 0
    delivered_until: str | None = None
    has_begun: bool = False
    """Something was written, a full run's beginning included: what is left of the run is the next one's, which goes on from there."""
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    error: SyncError | None = None

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    def count(self, applied: Applied) -> None:
        self.has_begun = True
        self.companies += applied.companies
        self.prospects += applied.prospects
        self.removed += applied.removed
        self.outcomes.update(applied.outcomes)

    def warn(self, messages: list[str]) -> None:
        self.warnings.extend(message for message in messages if message not in self.warnings)

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "search_id": self.search_id,
            "companies": self.companies,
            "prospects": self.prospects,
            "removed": self.removed,
            "delivered_until": self.delivered_until,
            "seconds": round(self.seconds, 3),
        }
        if self.outcomes:
            document["outcomes"] = dict(self.outcomes)
        if self.warnings:
            document["warnings"] = self.warnings
        if self.error:
            document["error"] = str(self.error)
        return document

    def line(self) -> str:
        companies = "1 company" if self.companies == 1 else f"{self.companies:,} companies"
        prospects = "1 prospect" if self.prospects == 1 else f"{self.prospects:,} prospects"
        counts = f"{companies}, {prospects}, {self.removed:,} removed"
        begun = "the next run goes on from there" if self.has_begun else "nothing stored yet"
        until = f"up to {self.delivered_until}" if self.delivered_until else begun
        outcomes = "".join(f", {number:,} {outcome}" for outcome, number in self.outcomes.items())
        if self.error:
            return f"{self.search_id}: FAILED. {self.error} Until then {counts}{outcomes}; {until}."
        return f"{self.search_id}: {counts}{outcomes}, {until}, {self.seconds:.1f} s"
