"""PostgreSQL fails in ways of its own: every answer is right or a clean 503, and the service is back as soon as the database is."""

import asyncio
import os
import subprocess
from contextlib import ExitStack

import psycopg
import pytest

from tests.acceptance.commands import eventually
from tests.failure.site import assert_unavailable, patiently, serving

HOTELS = [f"h{number}" for number in range(35)]


async def test_restarts_in_the_middle_of_walks_and_deliveries_lose_and_double_nothing(cluster, name):
    async with serving(cluster.dsn(name)) as site:
        assert (await site.deliver(*HOTELS)).status_code == 200
        stop = asyncio.Event()

        async def keep_delivering():
            version = 1
            while not stop.is_set():
                version += 1
                answer = await patiently(lambda: site.deliver("other", version=version))  # noqa: B023
                assert answer.json()["delivered"] + answer.json()["unchanged"] == 1
            return version

        async def keep_walking(name):
            client = await site.service.client(name)
            walks = 0
            while not stop.is_set():
                items = await site.walked(client=client, answers_are_lost=True)
                assert [item["source_id"] for item in items if item["source_id"] != "other"] == HOTELS
                walks += 1
            return walks

        work = [asyncio.create_task(one) for one in (keep_delivering(), keep_walking("crm"), keep_walking("warehouse"))]
        for how in ("immediate", "fast", "immediate"):
            await asyncio.sleep(0.2)
            await asyncio.to_thread(cluster.restart, how)
        await asyncio.sleep(0.5)
        stop.set()
        version, *walks = await asyncio.gather(*work)
        assert all(walks)
        newest = (await site.walked())[-1]
        assert (newest["source_id"], newest["attributes"]["version"]) == ("other", version)


async def test_strangers_who_take_every_connection_cost_a_clean_503_until_they_leave(cluster, name, caplog):
    async with serving(cluster.dsn(name)) as site:
        await site.deliver(*HOTELS)
        with ExitStack() as strangers:
            while takes_a_connection(cluster, strangers):
                pass
            # One connection at hand is enough for all who ask for pages: what else there is to ask for needs more.
            answers = await asyncio.gather(*(site.client.get("/companies", params={"limit": 5}) for _ in range(24)))
            refused = [answer for answer in answers if answer.status_code != 200]
            assert refused
            for answer in refused:
                assert_unavailable(answer)
            right = {answer.text for answer in answers if answer.status_code == 200}
            assert len(right) <= 1
        for answer in await asyncio.gather(*(patiently(lambda: site.client.get("/companies")) for _ in range(24))):
            assert answer.status_code == 200
    assert len(reasons_in(caplog, "it has no connection left")) == 1, "once, however many were refused"


def reasons_in(caplog, words):
    """What whoever runs the service is told of why the database did not do something."""
    told = [record.message for record in caplog.records if record.name == "openprospect.server.db.faults"]
    return [message for message in told if words in message]


def takes_a_connection(cluster, strangers):
    try:
        strangers.enter_context(psycopg.connect(cluster.dsn()))
    except psycopg.OperationalError:
        return False
    return True


async def test_a_database_that_only_reads_serves_what_needs_no_writing(cluster, name):
    async with serving(cluster.dsn(name)) as site:
        await site.deliver(*HOTELS)
        try:
            cluster.configure("default_transaction_read_only", "on")
            await asyncio.sleep(0.2)
            assert "Nothing was changed" in assert_unavailable(await site.deliver("new"))
            assert_unavailable(await site.pull(limit=10))
            whole = await site.pull(limit=100)
            assert (whole.status_code, len(whole.json()["items"])) == (200, 35)
            export = await site.client.get(f"/deliveries/{site.search_id}/export")
            assert len(export.text.splitlines()) == 35
        finally:
            cluster.configure("default_transaction_read_only", None)
        answer = await patiently(lambda: site.deliver("new"))
        assert answer.json()["delivered"] == 1
        assert len(await site.walked()) == 36


async def test_a_service_that_is_no_longer_let_in_says_so_and_works_again_once_it_is(cluster, name):
    rules = cluster.folder / "pg_hba.conf"
    before = rules.read_text()
    async with serving(cluster.dsn(name)) as site:
        await site.deliver("h1")
        try:
            rules.write_text("local all all trust\nhost all all all reject\n")
            cluster.execute("SELECT pg_reload_conf()")
            cluster.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            await asyncio.sleep(0.2)
            for _ in range(2):
                answer = await site.pull()
            message = assert_unavailable(answer, code="MISCONFIGURED")
            assert name not in message
            assert "openprospect_database_up 0.0" in (await site.client.get("http://service/metrics")).text
        finally:
            rules.write_text(before)
            cluster.execute("SELECT pg_reload_conf()")
        assert (await patiently(site.pull)).json()["total"] == 1


async def test_tables_that_change_beneath_a_prepared_statement_cost_one_503_at_most(cluster, name):
    async with serving(cluster.dsn(name)) as site:
        for _ in range(3):
            await site.deliver("h1")
        cluster.execute("ALTER TABLE company ALTER COLUMN prospects TYPE bigint", database=name)
        answers = [await site.deliver("h1"), await site.deliver("h1")]
        cluster.execute("ALTER TABLE company ALTER COLUMN prospects TYPE integer", database=name)
        if answers[0].status_code != 200:
            assert "Nothing was changed" in assert_unavailable(answers[0])
        assert answers[1].json()["unchanged"] == 1


async def test_what_could_not_be_written_in_an_outage_is_written_after_it_though_nobody_calls(cluster, name):
    async with serving(cluster.dsn(name)) as site:
        await site.deliver("h1")
        receipt = f"SELECT count(*) FROM receipt WHERE prospect_search_id = '{site.search_id}'"
        # Reads still work, so that there is something to write.
        cluster.configure("default_transaction_read_only", "on")
        await asyncio.sleep(0.2)
        assert (await site.pull()).status_code == 200
        await asyncio.sleep(0.5)
        assert cluster.value(receipt, database=name) == 0
        cluster.configure("default_transaction_read_only", None)
        await asyncio.to_thread(eventually, lambda: cluster.value(receipt, database=name) == 1)


@pytest.fixture
def small_disk(cluster, tmp_path_factory):
    """A folder on a file system of 8 MiB, and the way to make it bigger."""
    folder = cluster.folder.parent / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root alone: run this test as root, outside a container that forbids mounting")
    data = folder / "data"
    data.mkdir()
    os.chown(data, cluster.account.uid, cluster.account.gid)
    try:
        yield data, lambda: subprocess.run(["mount", "-o", "remount,size=200m", folder], check=True)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


async def test_a_full_disk_refuses_deliveries_and_still_serves_what_is_there(cluster, name, small_disk, caplog):
    folder, enlarge = small_disk
    cluster.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
    cluster.execute("ALTER TABLE delivery SET TABLESPACE small", database=name)
    delivered = 0
    try:
        async with serving(cluster.dsn(name)) as site:
            while (answer := await site.deliver(*batch_from(delivered), version=1_500 * "x")).status_code == 200:
                delivered += 500
                assert delivered < 5_000
            assert "Nothing was changed" in assert_unavailable(answer)
            assert reasons_in(caplog, "its disk is full (DiskFullError 53100)")
            export = await site.client.get(f"/deliveries/{site.search_id}/export")
            assert len(export.text.splitlines()) == delivered
            enlarge()
            again = await patiently(lambda: site.deliver(*batch_from(delivered), version=1_500 * "x"))
            assert again.json()["delivered"] == 500
    finally:
        cluster.execute("TRUNCATE delivery", database=name)
        cluster.execute("ALTER TABLE delivery SET TABLESPACE pg_default", database=name)
        cluster.execute("DROP TABLESPACE small")


def batch_from(first):
    return [str(first + number) for number in range(500)]
