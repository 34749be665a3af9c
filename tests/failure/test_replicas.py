"""Feeds are read from streaming replicas, and nobody can tell: whatever is delivered, withdrawn, erased or revoked shows at once."""

import asyncio
import json
import random
import re

import pytest

from openprospect.server.settings import Settings
from tests.acceptance.commands import eventually
from tests.failure.site import patiently, serving
from tests.integration.conftest import BASE_URL

HOTELS = [f"h{number}" for number in range(25)]
# A part of the statements that read documents, as a server remembers the last one of each session.
READS_DOCUMENTS = r"string_agg\(document|page_of_feed"


@pytest.fixture
def settings(standbys, name):
    return Settings(read_database_urls=tuple(standby.dsn(name) for standby in standbys))


def sessions_that_read(cluster):
    """How many sessions of a service have read documents with their last statement."""
    return cluster.value(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'openprospect' AND query ~ '{READS_DOCUMENTS}'")


def wait_for(standbys, cluster):
    """Until they have taken in everything."""
    newest = cluster.value("SELECT pg_current_wal_flush_lsn()")
    for standby in standbys:
        eventually(lambda: standby.value(f"SELECT pg_last_wal_replay_lsn() >= '{newest}'"))  # noqa: B023


def pause(standbys):
    for standby in standbys:
        standby.execute("SELECT pg_wal_replay_pause()")
        eventually(lambda: standby.value("SELECT pg_get_wal_replay_pause_state()") == "paused")  # noqa: B023


def resume(standbys):
    for standby in standbys:
        standby.execute("SELECT pg_wal_replay_resume()")


async def linked(site, **parameters):
    """A feed by its links."""
    answer = await site.pull(limit=10, **parameters)
    items = answer.json()["items"]
    while "next" in answer.links:
        answer = await site.client.get(answer.links["next"]["url"])
        items += answer.json()["items"]
    return items


async def exported(site):
    answer = await site.client.get(f"/deliveries/{site.search_id}/export")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_replicas_read_the_documents_and_the_primary_none(cluster, standbys, name, settings):
    async with serving(cluster.dsn(name), settings) as site:
        await site.deliver(*HOTELS)
        await asyncio.to_thread(wait_for, standbys, cluster)
        for _ in range(2):
            items = await linked(site)
            assert [item["source_id"] for item in items] == HOTELS
            assert await exported(site) == items
        assert all(sessions_that_read(standby) for standby in standbys)
        assert not sessions_that_read(cluster)
        asked = (await site.client.get(f"{BASE_URL}/metrics")).text
        counted = re.findall(r'openprospect_replica_reads_total\{outcome="(\w+)",replica="(\d)"\}', asked)
        assert sorted(counted) == [("answered", "1"), ("answered", "2")]
        assert await site.walked() == items


async def test_what_a_paused_replica_does_not_know_yet_shows_at_once(cluster, standbys, name, settings):
    async with serving(cluster.dsn(name), settings) as site:
        await site.deliver(*HOTELS)
        await asyncio.to_thread(wait_for, standbys, cluster)
        before = await linked(site)
        guest = await site.service.client("guest")
        assert (await guest.get(site.path)).status_code == 200
        await asyncio.to_thread(pause, standbys)
        try:
            await site.deliver("new")
            assert (await linked(site))[-1]["source_id"] == "new"
            assert (await site.client.delete(f"{site.path}/{before[0]['id']}")).status_code == 204
            assert [item["source_id"] for item in await exported(site)] == [*HOTELS[1:], "new"]
            erased = await site.client.post("/erasures", json={"email": "maria@hotel-h7.example"})
            assert erased.status_code in {200, 201, 202}, erased.text
            since = before[0]["delivered_at"]
            for items in (await linked(site), await exported(site), await site.walked(), await linked(site, delivered_since=since)):
                assert "hotel-h7" not in json.dumps(items)
                assert len({item["id"] for item in items}) == len(items) >= 25
            cluster.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'guest'", database=name)
            assert (await guest.get(site.path)).status_code == 401
            assert (await guest.get(f"/deliveries/{site.search_id}/export")).status_code == 401
            # They would have told.
            held = f"SELECT count(*) FROM delivery WHERE prospect_search_id = '{site.search_id}' AND document LIKE '%maria@hotel-h7%'"
            assert [standby.value(held, database=name) for standby in standbys] == [1, 1]
            assert cluster.value(held, database=name) == 0
        finally:
            resume(standbys)


@pytest.mark.parametrize("seed", range(3))
async def test_a_service_with_replicas_answers_as_one_without_whatever_happens_and_however_far_they_are(
    cluster, standbys, name, settings, seed
):
    chance = random.Random(seed)
    async with serving(cluster.dsn(name), settings) as site, serving(cluster.dsn(name)) as plain:
        for _ in range(25):
            what = chance.choice(["deliver", "deliver", "withdraw", "erase", "pause", "resume"])
            some = chance.sample(HOTELS, 3)
            if what == "deliver":
                await site.deliver(*some, version=chance.randrange(100))
            elif what == "erase":
                await site.client.post("/erasures", json={"email": f"maria@hotel-{some[0]}.example"})
            elif what == "withdraw" and (items := (await site.pull()).json()["items"]):
                await site.client.delete(f"{site.path}/{chance.choice(items)['id']}")
            elif what == "pause":
                pause([chance.choice(standbys)])
            elif what == "resume":
                resume(standbys)
            await both_answer_alike(site, plain, chance)
        resume(standbys)


async def both_answer_alike(site, plain, chance):
    items = (await plain.client.get(site.path)).json()["items"]
    since = {"delivered_since": chance.choice(items)["delivered_at"]} if items and chance.random() < 0.5 else {}
    for path in (site.path, f"/deliveries/{site.search_id}/export"):
        parameters = since | ({"limit": 4} if path == site.path else {})
        one, other = [await client.get(path, params=parameters) for client in (site.client, plain.client)]
        assert one.content == other.content
        for header in ("ETag", "Link", "Delivery-Watermark"):
            assert one.headers.get(header) == other.headers.get(header)


async def test_replicas_that_hang_or_are_not_there_cost_no_answer(cluster, standbys, name, proxy):
    proxy.target = standbys[0].port
    urls = (standbys[0].dsn(name, port=proxy.port), "postgresql://openprospect@127.0.0.1:9/openprospect", cluster.dsn(name))
    async with serving(cluster.dsn(name), Settings(read_database_urls=urls)) as site:
        await site.deliver(*HOTELS)
        await asyncio.to_thread(wait_for, standbys[:1], cluster)
        for _ in range(6):
            assert len(await linked(site)) == 25
        proxy.flows.clear()
        assert len(await linked(site)) == 25
        assert len(await exported(site)) == 25


async def test_a_failover_in_the_middle_of_walks_loses_and_doubles_nothing(cluster, standbys, name):
    """The last test: afterwards another cluster is the primary."""
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in (cluster, *standbys))
    dsn = f"postgresql://openprospect@{hosts}/{name}?target_session_attrs=primary"
    # A delivery is acknowledged once a replica has it: else the newest ones would be lost with the primary.
    cluster.configure("synchronous_standby_names", "ANY 1 (*)")
    read_from = Settings(read_database_urls=tuple(standby.dsn(name) for standby in standbys))
    async with serving(dsn, read_from) as site:
        await site.deliver(*HOTELS)
        stop = asyncio.Event()

        async def keep_delivering():
            version = 1
            while not stop.is_set():
                answer = await patiently(lambda: site.deliver("other", version=version + 1))  # noqa: B023
                assert answer.json()["delivered"] + answer.json()["unchanged"] == 1
                version += 1
            return version

        async def keep_walking(name):
            client = await site.service.client(name)
            seen = ""
            walks = 0
            while not stop.is_set():
                items = await site.walked(client=client, limit=7, answers_are_lost=True)
                assert [item["source_id"] for item in items if item["source_id"] != "other"] == HOTELS
                assert items[-1]["delivered_at"] >= seen
                seen = items[-1]["delivered_at"]
                walks += 1
            return walks

        work = [asyncio.create_task(one) for one in (keep_delivering(), keep_walking("crm"), keep_walking("warehouse"))]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(fail_over, cluster, standbys)
        await asyncio.sleep(1.5)
        stop.set()
        version, *walks = await asyncio.gather(*work)
        assert all(walks)
        newest = (await site.walked())[-1]
        assert (newest["source_id"], newest["attributes"]["version"]) == ("other", version)


def fail_over(primary, standbys):
    """The primary dies, the standby that has most takes over, the other one follows it."""
    primary.stop("immediate")
    received = "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn"
    new, other = sorted(standbys, key=lambda standby: standby.value(received), reverse=True)
    new.promote()
    new.configure("synchronous_standby_names", "ANY 1 (*)")
    other.configure("primary_conninfo", f"host=127.0.0.1 port={new.port} user=openprospect")
