"""What a consumer asks for: one page."""

from dataclasses import dataclass, field
from datetime import datetime

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A page by offset, of what came after `since` if that is given; or the next one in time, `after`."""

    search_id: SearchId
    since: datetime | None
    after: datetime | None
    limit: int
    offset: int
    # What of a page's ETag does not depend on the feed.
    tag: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "tag", f"{self.search_id} {format_timestamp(self.since)} {format_timestamp(self.after)} {self.limit} {self.offset}"
        )

    @property
    def begins_after(self) -> datetime | None:
        """What comes later than this in time is asked for, however that was said."""
        return self.since if self.after is None else self.after

    @property
    def begins_walk(self) -> bool:
        """Whether the pages by offset that follow belong to this one."""
        return self.after is None and self.offset == 0
