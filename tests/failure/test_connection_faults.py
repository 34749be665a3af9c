"""The way to PostgreSQL fails: slowly, silently, or at the worst moment, while a commit is under way."""

import asyncio
from uuid import UUID

import pytest

from openprospect.server.core.errors import Unavailable
from openprospect.server.db.pool import Database
from tests.failure.site import assert_unavailable, patiently, serving

HOTELS = [f"h{number}" for number in range(25)]


async def test_a_slow_way_makes_slow_answers_and_right_ones(cluster, name, proxy):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        proxy.delay_seconds = 0.02
        assert (await site.deliver(*HOTELS)).json()["delivered"] == 25
        walks = await asyncio.gather(*(site.walked() for _ in range(6)))
        assert all([item["source_id"] for item in walk] == HOTELS for walk in walks)


async def test_silence_is_told_in_time_and_over_once_the_way_is_open_again(cluster, name, proxy):
    async with await Database.open(cluster.dsn(name, port=proxy.port), size=2, patience_seconds=0.5) as database:
        assert await database.value("SELECT 1") == 1
        proxy.flows.clear()
        async with asyncio.timeout(10):
            # More than there are connections: those that wait for one are told in time, too.
            answers = await asyncio.gather(*(database.value("SELECT 1") for _ in range(6)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 6
        proxy.flows.set()
        async with asyncio.timeout(10):
            assert await database.value("SELECT 1") == 1


@pytest.mark.parametrize("tenants_size", [0, 2])
async def test_the_connection_and_the_statement_have_one_deadline_together(cluster, name, proxy, tenants_size):
    patience_seconds = 1.5
    async with await Database.open(
        cluster.dsn(name, port=proxy.port), size=2, tenants_size=tenants_size, patience_seconds=patience_seconds
    ) as database:
        asked = database.within(UUID(int=1))
        assert await asyncio.gather(*(asked.value("SELECT 1 FROM pg_sleep(0.1)") for _ in range(2))) == [1, 1]
        asked = database.within(UUID(int=2))  # whose connections are yet to be turned to it
        proxy.flows.clear()
        async with asyncio.timeout(1.8 * patience_seconds):
            answers = await asyncio.gather(*(asked.value("SELECT 1") for _ in range(4)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable] * 4
        proxy.flows.set()


async def test_a_silent_database_is_told_of_before_a_scraper_or_a_load_balancer_loses_patience(cluster, name, proxy):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        proxy.flows.clear()
        async with asyncio.timeout(9):  # Prometheus gives up after 10
            ready, metrics = await asyncio.gather(*(site.client.get(f"http://service/{path}") for path in ("ready", "metrics")))
        assert_unavailable(ready)
        assert "openprospect_database_up 0.0" in metrics.text
        proxy.flows.set()
        await patiently(lambda: site.client.get("http://service/ready"))


async def test_a_host_that_says_nothing_does_not_keep_the_next_one_from_being_asked(cluster, name, proxy):
    proxy.flows.clear()
    dsn = f"postgresql://openprospect@127.0.0.1:{proxy.port},127.0.0.1:{cluster.port}/{name}?target_session_attrs=primary"
    async with await Database.open(dsn, size=1) as database:
        assert await database.value("SELECT 1") == 1


async def test_connections_that_are_cut_are_made_anew(cluster, name, proxy):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        await site.deliver(*HOTELS)
        for _ in range(3):
            cluster.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            assert len(await site.walked()) == 25


@pytest.mark.parametrize("is_deaf", [False, True], ids=["the server has it", "the server never hears of it"])
async def test_a_connection_lost_during_the_commit_is_told_and_repeating_the_delivery_is_safe(cluster, name, proxy, is_deaf):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        await site.deliver("before")
        proxy.is_deaf, proxy.cuts_after = is_deaf, (b"COPY", b"COMMIT")
        first = await site.deliver(*HOTELS)
        assert "unknown" in assert_unavailable(first)
        assert first.json()["details"] == {"outcome": "unknown"}
        again = (await patiently(lambda: site.deliver(*HOTELS))).json()
        assert (again["delivered"], again["unchanged"]) == ((25, 0) if is_deaf else (0, 25))
        assert [item["source_id"] for item in await site.walked()] == ["before", *HOTELS]


async def test_an_idempotency_key_gets_the_answer_that_was_lost_during_the_commit(cluster, name, proxy):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        await site.deliver("before")
        proxy.cuts_after = (b"COPY", b"COMMIT")
        assert_unavailable(await site.deliver(*HOTELS, key="monday"))
        again = (await patiently(lambda: site.deliver(*HOTELS, key="monday"))).json()
        assert (again["delivered"], again["unchanged"]) == (25, 0)
        assert len(await site.walked()) == 26


async def test_a_connection_lost_before_the_commit_has_changed_nothing(cluster, name, proxy):
    async with serving(cluster.dsn(name, port=proxy.port), keys_in=cluster.dsn(name)) as site:
        await site.deliver("before")
        proxy.cuts_after = (b"COPY",)
        first = await site.deliver(*HOTELS)
        assert "Nothing was changed" in assert_unavailable(first)
        assert first.json()["details"] == {"outcome": "unchanged"}
        assert [item["source_id"] for item in await site.walked()] == ["before"]
