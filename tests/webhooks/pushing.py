"""Endpoints, deliveries and the dispatcher's duties, without HTTP on our side."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.writing.publish import Submission, publish
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.dispatch import Dispatcher
from openprospect.server.webhooks.endpoints import create_webhook, give_up
from openprospect.server.webhooks.model import Place, Webhook, WebhookId
from tests.webhooks.conftest import VAULT


async def endpoint(database: Database, search: Search, url: str, *, events: Collection[str] = ()) -> Webhook:
    made, _ = await create_webhook(
        database,
        url,
        organization_id=search.organization_id,
        search_id=search.id,
        events=events,
        is_full=False,
        base_url="http://service.test",
        allow_private=True,
        vault=VAULT,
        actor="test",
    )
    return made


async def put(database: Database, search: Search, *names: str) -> list[str]:
    """Deliver companies of these names; answers their ids."""
    rows = [CompanyRow(name=name, source_id=name) for name in names]
    async with database.transaction() as db:
        published = await publish(db, search, Submission(rows=rows, actor="test", all_or_nothing=True))
    return [str(published.outcomes[place].company_id) for place in range(len(rows))]


async def held_place(database: Database, webhook_id: str | WebhookId) -> Place:
    """One of an endpoint's places, claimed by nobody else meanwhile."""
    row = await database.row(
        "UPDATE webhook_position SET claim = gen_random_uuid(), claimed_until = clock_timestamp() + interval '1 minute' "
        "WHERE webhook_id = $1 RETURNING webhook_id, prospect_search_id AS search_id, claim",
        webhook_id,
    )
    assert row
    return Place(**row)


async def given_up(database: Database, webhook_id: str | WebhookId, *, reason: str) -> None:
    """As the dispatcher does, for what became of a message."""
    await give_up(database, await held_place(database, webhook_id), reason=reason)


@contextmanager
def dispatching(dispatcher: Dispatcher) -> Iterator[None]:
    """The dispatcher's duties, as the application has them carried out."""

    async def again(work, seconds):
        while True:
            await work()
            await asyncio.sleep(seconds)

    duties = [(dispatcher.poll, 0.05), (dispatcher.retry, 0.1), (dispatcher.upkeep, 0.2), (dispatcher.log_attempts, 0.2)]
    tasks = [asyncio.create_task(again(work, seconds)) for work, seconds in duties]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
