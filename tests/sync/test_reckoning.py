"""What the pages of a walk say of it."""

import pytest

from openprospect.sync.client import FeedPage
from openprospect.sync.reckoning import Reckoning
from openprospect.sync.wire import Company
from tests.sync.feed_server import stamp


def page(*numbers: int | None, watermark: int | None) -> FeedPage:
    """A page of companies delivered at these moments."""
    companies = [Company(id=str(place), name="Hotel", delivered_at=None if n is None else stamp(n)) for place, n in enumerate(numbers)]
    return FeedPage(companies=companies, watermark=None if watermark is None else stamp(watermark))


@pytest.mark.parametrize(
    ("since", "pages", "is_unrepeated"),
    [
        pytest.param(None, [page(1, 2, watermark=4), page(3, 4, watermark=9)], True, id="each at its place as the feed was"),
        pytest.param(None, [page(1, 2, watermark=2), page(3, watermark=3)], False, id="one that was delivered meanwhile"),
        pytest.param(None, [page(1, 2, watermark=4), page(2, 3, watermark=4)], False, id="one that comes at the end of a page and again"),
        pytest.param(None, [page(1, 1, watermark=4)], False, id="two at one moment"),
        pytest.param(None, [page(3, 4, watermark=4), page(1, 2, watermark=4)], False, id="no order"),
        pytest.param(None, [page(1, None, watermark=4)], False, id="one without a time"),
        pytest.param(None, [page(1, 2, watermark=None)], False, id="a server that does not tell up to where it is complete"),
        pytest.param(stamp(1), [page(2, 3, watermark=4)], False, id="a walk that does not begin at the beginning"),
    ],
)
def test_a_walk_has_brought_no_company_twice_where_each_has_one_place_before_its_first_watermark(
    since: str | None, pages: list[FeedPage], *, is_unrepeated: bool
) -> None:
    reckoning = Reckoning(since)
    for one in pages:
        reckoning.observe(one)
    assert reckoning.is_unrepeated is is_unrepeated
