"""What a service does by itself goes on after an outage: pushes arrive, and the log says once what was the matter."""

import asyncio
import logging

import pytest

from tests.failure.site import patiently, serving
from tests.webhooks.conftest import PRIVATE, create, until
from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver():
    with Receiver().listening() as receiver:
        yield receiver


async def test_pushes_go_on_after_an_outage_and_the_log_tells_of_it_once(cluster, name, receiver, caplog):
    caplog.set_level(logging.INFO, logger="openprospect")
    await push_through_an_outage(cluster, name, receiver)
    told = [record.message for record in caplog.records if record.message.startswith("pushes: ")]
    away, back = told
    assert "cannot be reached" in away
    assert back == "pushes: at work again"
    assert [record for record in caplog.records if record.name.startswith("asyncpg")] == []


async def push_through_an_outage(cluster, name, receiver):
    async with serving(cluster.dsn(name), PRIVATE) as site:
        await create(site.client, receiver.url(), prospect_search_id=site.search_id)
        await site.deliver("before")
        await until(receiver, lambda seen: len(seen.requests) == 1)
        await asyncio.to_thread(cluster.stop, "immediate")
        await asyncio.sleep(1.5)
        await asyncio.to_thread(cluster.start)
        await patiently(lambda: site.deliver("after"))
        await until(receiver, lambda seen: len({request.id for request in seen.requests}) == 2)
