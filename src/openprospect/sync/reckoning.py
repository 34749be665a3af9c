"""What may be stored as checkpoint at any moment of a walk, given what its pages show. No I/O.

A stored checkpoint promises: everything up to it is in the destination, everything after it will still come.
"""

from operator import le, lt

from openprospect.sync.client import FeedPage
from openprospect.sync.stamps import canonical


class Reckoning:
    """Watches the pages of one walk, from `since` or, where that is None, through the whole feed."""

    def __init__(self, since: str | None) -> None:
        self._since = since
        self._first_watermark: str | None = None
        self._last_watermark: str | None = None
        self._biggest: str | None = since
        self._is_first = True
        self._is_ascending = True
        self._is_distinct = True
        self._is_stamped = True
        self._is_linked = True

    def observe(self, page: FeedPage) -> None:
        if self._is_first:
            self._first_watermark = page.watermark
        self._is_first = False
        self._last_watermark = page.watermark
        self._is_linked = self._is_linked and page.linked
        stamps = [company.delivered_at for company in page.companies if company.delivered_at is not None]
        self._is_stamped = self._is_stamped and len(stamps) == len(page.companies)
        if not stamps:
            return
        moments = [canonical(stamp) for stamp in stamps]
        is_page_ascending = all(map(le, moments, moments[1:]))
        self._is_ascending = self._is_ascending and is_page_ascending and not _is_after(self._biggest, stamps[0])
        self._is_distinct = self._is_distinct and all(map(lt, moments, moments[1:])) and _is_after(stamps[0], self._biggest)
        self._biggest = _later(self._biggest, stamps[moments.index(max(moments))])

    @property
    def during(self) -> str | None:
        """The checkpoint in the middle of the walk; None where the pages come in no order that would allow one."""
        if not (self._is_linked and self._is_ascending and self._is_stamped):
            return None
        return self._capped(self._biggest)

    @property
    def after(self) -> str | None:
        """The checkpoint at the end of the walk; None where the server gives nothing to go by."""
        seen = self._biggest if self._is_stamped else self._since
        return self._capped(_later(self._last_watermark, seen))

    @property
    def is_unrepeated(self) -> bool:
        """Whether no company can have come twice in this walk so far: each has one place in a feed, and nothing moved since it began."""
        is_of_beginning = self._first_watermark is not None and not _is_after(self._biggest, self._first_watermark)
        return self._since is None and self._is_stamped and self._is_distinct and is_of_beginning

    @property
    def has_moved(self) -> bool:
        """Whether the feed moved on beyond the checkpoint during the walk."""
        return self.after is not None and _is_after(_later(self._last_watermark, self._biggest), self.after)

    @property
    def warnings(self) -> list[str]:
        """What a server that keeps less than the documented promises leaves open."""
        found = []
        if not self._is_stamped and self._last_watermark is None:
            found.append("The server sends no delivered_at: every run reads everything, and only --full removes what is gone.")
        if not self._is_linked and self._first_watermark is None:
            found.append("The server sends no next links by time: what is delivered or withdrawn during a run may be missed or come late.")
        return found

    def _capped(self, checkpoint: str | None) -> str | None:
        """A walk through the whole feed leaves withdrawals out, also those made meanwhile: they follow its first watermark."""
        if self._since is None and self._first_watermark is not None and _is_after(checkpoint, self._first_watermark):
            return self._first_watermark
        return checkpoint


def _is_after(one: str | None, other: str | None) -> bool:
    return one is not None and (other is None or canonical(one) > canonical(other))


def _later(one: str | None, other: str | None) -> str | None:
    return one if _is_after(one, other) else other
