"""How a read is divided: into parts of about as many companies each, by the times at which they were delivered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from pyspark.sql.datasource import InputPartition

from openprospect.sync.parts import Head, Part, Parts


@dataclass(frozen=True)
class Interval(InputPartition):
    """What one task reads."""

    part: Part
    has_removals: bool


def snapshot(feed: Parts, search_id: str, *, delivered_since: str | None, companies_each: int) -> Iterator[Interval]:
    """All that is live, or came since, as of one moment."""
    extent = feed.begin(search_id, delivered_since=delivered_since)
    until = extent.watermark
    whole = Part(search_id=search_id, after=delivered_since, until=until, as_of=until, instance=extent.instance)
    yield from _divided(feed, whole, companies=extent.companies, companies_each=companies_each)


def arrivals(feed: Parts, search_id: str, *, after: str | None, until: Head, companies_each: int) -> Iterator[Interval]:
    """What came after one time and up to another, as it stands when it is read."""
    companies = feed.extent(search_id, after=after, expected_instance=until.instance).companies
    if companies > companies_each:
        # A walk to cut by: one that a killed driver left at this place may have expired.
        companies = feed.begin(search_id, delivered_since=after).companies
    whole = Part(search_id=search_id, after=after, until=until.watermark, instance=until.instance)
    yield from _divided(feed, whole, companies=companies, companies_each=companies_each)


def _divided(feed: Parts, whole: Part, *, companies: int, companies_each: int) -> Iterator[Interval]:
    cuts = feed.cuts(whole.search_id, delivered_since=whole.after, companies=companies, parts=ceil(companies / companies_each))
    # Whatever the cuts are, the parts meet and are the whole; text order is time order.
    within = [cut for cut in cuts if (whole.after or "") < cut < whole.until]
    for after, until in pairwise([whole.after, *within, whole.until]):
        assert until is not None
        yield Interval(replace(whole, after=after, until=until), has_removals=whole.after is not None)
