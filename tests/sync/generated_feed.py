"""A feed of any size that takes no memory for it. Run as a program it serves one."""

import argparse
import json
import threading
from dataclasses import dataclass
from functools import lru_cache

from tests.sync.feed_server import Feed, FeedServer, person, stamp


class GeneratedFeed(Feed):
    """A feed of n companies that takes no memory for them; nothing changes in it."""

    def __init__(self, companies: int) -> None:
        super().__init__(watermark=stamp(companies))
        self._companies = companies

    def after(self, number: int, *, with_removals: bool) -> "GeneratedRows":  # type: ignore[override]
        return GeneratedRows(number, self._companies)


@dataclass
class GeneratedRows:
    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __getitem__(self, part: slice) -> list[tuple[int, str]]:
        start, stop, _ = part.indices(len(self))
        return _generated_rows(self.first + start + 1, self.first + stop + 1)


_PERSON = json.dumps({**person(0, 0), "id": "%s", "email": "%s"}, separators=(",", ":"))
_COMPANY = (
    '{"id":"%08x-0000-4000-8000-000000000000","name":"Grand Hotel %d","website_url":"https://www.hotel-%d.example","source_id":"crm-%d",'
    '"prospects":[%s],"delivered_at":"%s","attributes":{"city":"Berlin","match_score":%s}}'
)


@lru_cache(maxsize=2_000)
def _generated_rows(first: int, end: int) -> list[tuple[int, str]]:
    """Kept, so that whoever is measured with it is not measured beside the making of companies."""
    return [(number, _generated(number)) for number in range(first, end)]


def _generated(number: int) -> str:
    people = ",".join(_PERSON % (f"{number:08x}-0000-4000-8000-{p:012x}", f"maria.{p}@hotel-{number}.example") for p in (1, 2, 3))
    return _COMPANY % (number, number, number, number, people, stamp(number), number % 100 / 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("search_id")
    parser.add_argument("companies", type=int)
    arguments = parser.parse_args()
    with FeedServer() as server:
        server.feeds[arguments.search_id] = GeneratedFeed(arguments.companies)
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
