"""The small server's export: a feed as one stream of lines, read live, a hundred companies at a time."""

from collections.abc import Callable, Iterator
from typing import Protocol

_AT_ONCE = 100


class _Feed(Protocol):
    def after(self, number: int, *, with_removals: bool) -> list[tuple[int, str]]: ...


def exported(feed: _Feed, since: int | None, until: int, on_read: Callable[[], object]) -> Iterator[bytes]:
    """What was delivered after `since` and up to `until`, as it stands when it is read; each chunk ends a line."""
    reached = since or 0
    while True:
        on_read()
        rows = [row for row in feed.after(reached, with_removals=since is not None)[:_AT_ONCE] if row[0] <= until]
        if not rows:
            return
        yield "".join(f"{text}\n" for _, text in rows).encode()
        reached = rows[-1][0]
