"""A batch: what is written to a destination in one transaction, and the checkpoint that goes with it."""

from dataclasses import dataclass, field

from openprospect.sync.client import FeedPage
from openprospect.sync.wire import Company

MOST_COMPANIES = 10_000
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a feed comes from: the base URL and, where the server tells it, the feed's own identity."""

    server: str
    instance: str | None = None

    def is_same(self, other: "Source") -> bool:
        if self.instance and other.instance:
            return self.instance == other.instance
        return self.server == other.server


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Companies to upsert with their whole set of prospects, ids to remove, and the checkpoint reached with them.

    `until` None leaves the stored checkpoint as it is. `full`: the companies also count as seen by a full run.
    `last`: the walk is over; a full run now removes what it has not seen. `unrepeated`: no company of it came earlier in the walk, which
    goes through the whole feed.
    """

    search_id: str
    source: Source
    companies: list[Company] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    until: str | None = None
    full: bool = False
    last: bool = False
    unrepeated: bool = False


class Gathering:
    """Collects pages; of a company that comes twice the later state wins."""

    def __init__(self, most_companies: int = MOST_COMPANIES) -> None:
        self._most_companies = most_companies
        self._companies: dict[str, Company] = {}
        self._removed: set[str] = set()
        self._bytes = 0

    @property
    def is_enough(self) -> bool:
        return len(self._companies) + len(self._removed) >= self._most_companies or self._bytes >= MOST_BYTES

    def add(self, page: FeedPage) -> None:
        self._bytes += page.body_bytes
        for company in page.companies:
            if company.removed_at is not None:
                self._companies.pop(company.id, None)
                self._removed.add(company.id)
            else:
                self._removed.discard(company.id)
                self._companies[company.id] = company

    def take(self, search_id: str, source: Source, *, until: str | None, full: bool, unrepeated: bool, last: bool = False) -> Batch:
        """Everything gathered so far, which is then forgotten here."""
        batch = Batch(
            search_id=search_id,
            source=source,
            companies=list(self._companies.values()),
            removed=list(self._removed),
            until=until,
            full=full,
            last=last,
            unrepeated=unrepeated,
        )
        self._companies, self._removed, self._bytes = {}, set(), 0
        return batch
