"""Feeds that were delivered to while the database's clock was wrong: told of, and restored where somebody says that it is right now."""

from datetime import datetime, timedelta

import pytest

from openprospect.server.core.errors import Misconfigured
from openprospect.server.feed.housekeeping.tidy import tell_of_feeds_ahead
from openprospect.server.privacy.restore import finish_restore
from tests.integration.conftest import pull

SOON = timedelta(days=30)


@pytest.fixture
async def ahead(deliver, search_id, database):
    """Up to where a feed goes that is years ahead."""
    await deliver("one")
    await database.execute("UPDATE prospect_search SET watermark = watermark + interval '4 years' WHERE id = $1", search_id)
    return datetime.fromisoformat((await deliver("two"))["delivered_until"])


async def test_a_backup_that_goes_up_to_a_time_to_come_is_refused_with_what_to_do(ahead, database):
    before = await database.value("SELECT id FROM instance")
    with pytest.raises(Misconfigured, match=rf"{ahead.year}-.* with --clock-is-right"):
        await finish_restore(database, None, deadline=SOON)
    assert await database.value("SELECT id FROM instance") == before


async def test_where_the_clock_is_said_to_be_right_a_feed_that_is_ahead_goes_on_an_hour_after_its_end(
    client, ahead, search_id, deliver, database
):
    given_since_the_backup = ahead + timedelta(minutes=59)
    await finish_restore(database, None, deadline=SOON, is_clock_right=True)
    await deliver("three")
    page = await pull(client, search_id, delivered_since=given_since_the_backup.isoformat())
    assert [item["source_id"] for item in page["items"]] == ["three"]


async def test_feeds_that_are_ahead_are_told_of_in_the_log(ahead, database, caplog):
    await tell_of_feeds_ahead(database)
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert told.startswith(f"1 feeds are ahead of the database's clock, up to {ahead.year}-")
