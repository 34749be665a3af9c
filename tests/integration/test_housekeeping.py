"""Housekeeping goes on in portions: what is done stays done, and nobody is waited for."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.tidy import forget_superseded
from openprospect.server.feed.housekeeping.watermarks import PastWatermarks
from tests.integration.conftest import Deliver, open_search
from tests.integration.hotel import post
from tests.integration.pages import SEVEN, versions
from tests.integration.tidying import looked_just_now, tidy

AT_ONCE = timedelta()
BREAKING = """
CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.position = 6 THEN RAISE EXCEPTION 'broken'; END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER break BEFORE DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION break();
"""


async def superseded(database: Database) -> list[int]:
    """The positions of what is still kept of it."""
    rows = await database.rows("SELECT position FROM delivery WHERE superseded_at IS NOT NULL ORDER BY position")
    return [row["position"] for row in rows]


@pytest.fixture
async def twice(deliver: Deliver) -> None:
    """Seven companies, each delivered twice."""
    await deliver(*SEVEN)
    await deliver(*versions(*SEVEN, version=2))


@pytest.mark.usefixtures("twice")
async def test_what_was_forgotten_before_a_fault_stays_forgotten(database: Database) -> None:
    await database.execute(BREAKING)
    with pytest.raises(Exception, match="broken"):
        await forget_superseded(database, looked_just_now(), left_for=AT_ONCE, portion=2)
    assert await superseded(database) == [5, 6, 7]


async def test_what_a_long_transaction_has_superseded_stays_until_its_commit_is_long_ago(database: Database, deliver: Deliver) -> None:
    seconds = 0.0
    watermarks = PastWatermarks(clock=lambda: seconds)
    await deliver(*SEVEN)
    await deliver(*versions(*SEVEN, version=2))
    for table in ("prospect_search", "delivery"):
        column = "watermark" if table == "prospect_search" else "superseded_at"
        await database.execute(f"UPDATE {table} SET {column} = {column} - interval '30 minutes'")
    await forget_superseded(database, watermarks)
    assert len(await superseded(database)) == 7, "a process that has just begun does not know what was committed when"
    await deliver(*versions(*SEVEN, version=3))
    # As if that had begun twenty minutes ago, and just been committed.
    await database.execute("UPDATE delivery SET superseded_at = superseded_at - interval '20 minutes' WHERE position BETWEEN 8 AND 14")
    seconds += 660
    await forget_superseded(database, watermarks)
    assert await superseded(database) == [8, 9, 10, 11, 12, 13, 14]
    seconds += 660
    await forget_superseded(database, watermarks)
    assert await superseded(database) == []


@pytest.mark.usefixtures("twice")
async def test_what_an_erasure_holds_is_left_to_the_next_round(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute("UPDATE delivery SET document = document WHERE position = 3")
        await asyncio.wait_for(forget_superseded(database, looked_just_now(), left_for=AT_ONCE, portion=2), 20)
        assert await superseded(database) == [3]
    await forget_superseded(database, looked_just_now(), left_for=AT_ONCE, portion=2)
    assert await superseded(database) == []


@pytest.mark.usefixtures("twice")
async def test_one_worker_at_a_time_does_a_part_of_it(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('documents', 2))")
        await forget_superseded(database, looked_just_now(), left_for=AT_ONCE)
        assert await superseded(database) == [1, 2, 3, 4, 5, 6, 7]


async def test_old_answers_go_in_portions_too_and_younger_ones_stay(client: httpx.AsyncClient, database: Database) -> None:
    search_id = await open_search(client)
    for number in range(6):
        await post(client, search_id, [{"name": f"hotel {number}"}], idempotency_key=str(number))
    await database.execute("UPDATE idempotent_answer SET created_at = created_at - interval '25 hours' WHERE key < '5'")
    await tidy(database, portion=2)
    assert [row["key"] for row in await database.rows("SELECT key FROM idempotent_answer")] == ["5"]
