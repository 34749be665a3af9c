"""The plot of deliveries: one bar a step, in proportion, none lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.console.chart import HEIGHT, WIDTH, bars, beginning
from openprospect.server.console.model import Hour

HOUR = timedelta(hours=1)
SINCE = datetime(2026, 11, 20, tzinfo=UTC)


@given(st.dictionaries(st.integers(0, 47), st.integers(1, 10**9)))
def test_bars_stand_in_proportion_within_the_box(found):
    chart = bars([Hour(begins_at=SINCE + at * HOUR, deliveries=count) for at, count in found.items()], since=SINCE, step=HOUR, count=48)
    assert [bar.count for bar in chart.bars] == [found.get(at, 0) for at in range(48)]
    assert chart.total == sum(found.values())
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == HEIGHT or abs(bar.y + bar.height - HEIGHT) < 0.02
        assert (bar.height > 0) == (bar.count > 0)
        assert bar.count < chart.peak or bar.height in {0, HEIGHT}


def test_the_last_step_is_the_one_that_is_under_way():
    now = datetime(2026, 11, 22, 3, 59, 59, tzinfo=UTC)
    assert beginning(now, step=HOUR, count=48) + 47 * HOUR == datetime(2026, 11, 22, 3, tzinfo=UTC)
    day = timedelta(days=1)
    assert beginning(now, step=day, count=30) + 29 * day == datetime(2026, 11, 22, tzinfo=UTC)
